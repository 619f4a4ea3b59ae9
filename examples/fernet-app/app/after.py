"""After: models are mapped to views of the extension, writes are functions.

There is no longer an encryption key here, nor a WHERE user_id: each
transaction sets the user id first, and the database shows only that user's
keys.
"""

from sqlalchemy import (Boolean, Column, DateTime, Integer, MetaData, Text,
                        create_engine, event, func, select)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import Session, declarative_base, object_session

Base = declarative_base(metadata=MetaData())


class User(Base):
    __tablename__ = "users"

    id = Column(Integer, primary_key=True)
    name = Column(Text, nullable=False)


class ApikeyView(Base):
    """Views of the extension have separate metadata, which Alembic's
    autogenerate does not see: the application must not create them."""

    __abstract__ = True
    metadata = MetaData(schema="apikey")

    id = Column(UUID(as_uuid=True), primary_key=True)
    user_id = Column(Text)
    name = Column(Text)
    key_type = Column(Text)
    # SQLAlchemy uses the name "metadata" itself.
    extra = Column("metadata", JSONB)
    created_at = Column(DateTime(timezone=True))
    updated_at = Column(DateTime(timezone=True))


class ApiKey(ApikeyView):
    __tablename__ = "keys"

    hint = Column(Text)
    expires_at = Column(DateTime(timezone=True))
    is_active = Column(Boolean)

    def reveal(self):
        """The value, read on demand and not stored anywhere."""
        return object_session(self).scalar(
            select(func.apikey.reveal_key(self.id)))

    def update(self, new_value=None, new_name=None):
        session = object_session(self)
        session.scalar(
            select(func.apikey.update_key(self.id, new_value, new_name)))
        session.expire(self)

    def remove(self):
        session = object_session(self)
        session.scalar(select(func.apikey.delete_key(self.id)))
        session.expunge(self)


class DeletedKey(ApikeyView):
    __tablename__ = "deleted_keys"


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

    def session(self):
        return UserSession(self.engine, self.user_id)

    def find(self, session, name):
        return session.execute(
            select(ApiKey).filter_by(name=name, is_active=True)).scalar_one()

    def add(self, name, key_type, value):
        with self.session() as session, session.begin():
            session.scalar(
                select(func.apikey.create_key(name, key_type, value)))

    def list(self):
        with self.session() as session, session.begin():
            keys = session.execute(
                select(ApiKey).filter_by(is_active=True)
                .order_by(ApiKey.name)).scalars()
            return [(key.name, key.key_type) for key in keys]

    def value(self, name):
        with self.session() as session, session.begin():
            return self.find(session, name).reveal()

    def environment(self):
        """All environment variables that the user's program needs, in one query:
        {"OPENAI_API_KEY": ...}"""
        with self.session() as session, session.begin():
            return session.scalar(select(func.apikey.reveal_env()))

    def replace(self, name, value):
        with self.session() as session, session.begin():
            self.find(session, name).update(new_value=value)

    def rename(self, name, new_name):
        with self.session() as session, session.begin():
            self.find(session, name).update(new_name=new_name)

    def remove(self, name):
        with self.session() as session, session.begin():
            self.find(session, name).remove()


def old_id(key):
    """The old id, which is the end of the uuid; None for a newer key."""
    front, _, end = str(key.id).rpartition("-")
    return int(end) if front == "00000001-0000-8000-8000" else None


def old_key_type(key):
    noted = key.extra.get("old_key_type") if key.key_type == "custom" else None
    return noted or key.key_type


def describe(key, active, value):
    return {
        "user_id": int(key.user_id), "id": old_id(key), "name": key.name,
        "key_type": old_key_type(key),
        "is_active": active,
        "created_at": key.created_at.timestamp(),
        "updated_at": key.updated_at.timestamp(), "value": value,
    }


def export(engine):
    """Every key, as a dictionary with its value, for a comparison.

    A deleted key cannot be revealed, so it is restored and revealed in a
    transaction that is rolled back.
    """
    with Session(engine) as session:
        users = session.execute(select(User.id)).scalars().all()
    for user_id in users:
        with UserSession(engine, user_id) as session:
            for row in session.execute(select(
                    ApiKey, func.apikey.reveal_key(ApiKey.id))):
                yield describe(row[0], row[0].is_active, row[1])
            for key in session.execute(select(DeletedKey)).scalars().all():
                session.scalar(select(func.apikey.restore_key(
                    key.id, "restored %s" % key.id)))
                yield describe(key, False, session.scalar(
                    select(func.apikey.reveal_key(key.id))))
            session.rollback()
