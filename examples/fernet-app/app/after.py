"""After: the model is mapped on the view apikey.keys, writes are functions.

No key of encryption is here any more, and no WHERE user_id: the transaction
says whose it is, and the database shows that user's keys alone.
"""

from sqlalchemy import (Boolean, Column, DateTime, Integer, MetaData, Text,
                        cast, create_engine, event, func, select)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Session, declarative_base, foreign, relationship

Base = declarative_base(metadata=MetaData())


class User(Base):
    __tablename__ = "users"

    id = Column(Integer, primary_key=True)
    name = Column(Text, nullable=False)


class ApikeyView(Base):
    """Views of the extension have metadata of their own, which Alembic's
    autogenerate is not given: they are not ours to create."""

    __abstract__ = True
    metadata = MetaData(schema="apikey")


class ApiKey(ApikeyView):
    __tablename__ = "keys"

    id = Column(UUID(as_uuid=True), primary_key=True)
    user_id = Column(Text)
    name = Column(Text)
    key_type = Column(Text)
    hint = Column(Text)
    # "metadata" is taken by SQLAlchemy itself.
    extra = Column("metadata", JSONB)
    created_at = Column(DateTime(timezone=True))
    updated_at = Column(DateTime(timezone=True))
    expires_at = Column(DateTime(timezone=True))
    is_active = Column(Boolean)

    user = relationship(
        User, viewonly=True,
        primaryjoin=lambda: foreign(ApiKey.user_id) == cast(User.id, Text))


def make_engine(url):
    # hide_parameters: SQLAlchemy would print the values in its exceptions.
    return create_engine(url, hide_parameters=True)


class UserSession(Session):
    """A session on behalf of one user: UserSession(engine, user_id)."""

    def __init__(self, engine, user_id):
        super().__init__(engine, info={"user_id": user_id})


@event.listens_for(UserSession, "after_begin")
def set_user_id(session, transaction, connection):
    connection.execute(select(func.apikey.set_user_id(session.info["user_id"])))


class Keys:
    """One user's keys.  Each method is a transaction."""

    def __init__(self, engine, user_id):
        self.engine = engine
        self.user_id = user_id

    def call(self, function, *arguments):
        with UserSession(self.engine, self.user_id) as session, session.begin():
            return session.scalar(select(function(*arguments)))

    def add(self, name, key_type, value):
        self.call(func.apikey.create_key, name, key_type, value)

    def list(self):
        with UserSession(self.engine, self.user_id) as session, session.begin():
            keys = session.execute(
                select(ApiKey).filter_by(is_active=True)
                .order_by(ApiKey.name)).scalars()
            return [(key.name, key.key_type) for key in keys]

    def value(self, name):
        return self.call(func.apikey.reveal_key, name)

    def replace(self, name, value):
        self.call(func.apikey.update_key, name, value)

    def rename(self, name, new_name):
        self.call(func.apikey.update_key, name, None, new_name)

    def remove(self, name):
        self.call(func.apikey.delete_key, name)


class DeletedKey(ApikeyView):
    __tablename__ = "deleted_keys"

    id = Column(UUID(as_uuid=True), primary_key=True)
    user_id = Column(Text)
    name = Column(Text)
    key_type = Column(Text)
    extra = Column("metadata", JSONB)
    created_at = Column(DateTime(timezone=True))
    updated_at = Column(DateTime(timezone=True))


def describe(key, active, value):
    return {
        "user_id": int(key.user_id), "id": key.extra.get("old_id"),
        "name": key.name,
        "key_type": key.extra.get("old_key_type", key.key_type),
        "is_active": active,
        "created_at": key.created_at.timestamp(),
        "updated_at": key.updated_at.timestamp(), "value": value,
    }


def export(engine):
    """Every key, as a dictionary with its value, for a comparison.

    A deleted key is revealed to nobody: so it is restored, revealed and, with
    the transaction, rolled back.
    """
    with Session(engine) as session:
        users = session.execute(select(User.id)).scalars().all()
    for user_id in users:
        with UserSession(engine, user_id) as session:
            for key in session.execute(select(ApiKey)).scalars():
                yield describe(key, True, session.scalar(
                    select(func.apikey.reveal_key(key.name))))
            for key in session.execute(select(DeletedKey)).scalars():
                session.scalar(select(
                    func.apikey.restore_key(key.id, "restored %s" % key.id)))
                yield describe(key, False, session.scalar(
                    select(func.apikey.reveal_key("restored %s" % key.id))))
            session.rollback()
