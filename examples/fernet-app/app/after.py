"""After: models are mapped to views of the extension, writes are functions.

There is no longer an encryption key here, nor a WHERE user_id: each
transaction sets the user id first, and the database shows only that user's
keys.
"""

from sqlalchemy import (Boolean, Column, DateTime, Integer, MetaData, Text,
                        event, func, select)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import (AsyncSession, async_object_session,
                                    create_async_engine)
from sqlalchemy.orm import Session, declarative_base

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
    """Functions take an id as text, too: asyncpg would want a cast for a UUID."""

    __tablename__ = "keys"

    hint = Column(Text)
    expires_at = Column(DateTime(timezone=True))
    is_active = Column(Boolean)

    async def reveal(self):
        """The value, read on demand and not stored anywhere."""
        return await async_object_session(self).scalar(
            select(func.apikey.reveal_key(str(self.id))))

    async def update(self, new_value=None, new_name=None):
        session = async_object_session(self)
        await session.scalar(
            select(func.apikey.update_key(str(self.id), new_value, new_name)))
        await session.refresh(self)

    async def remove(self):
        session = async_object_session(self)
        await session.scalar(select(func.apikey.delete_key(str(self.id))))
        session.expunge(self)


class DeletedKey(ApikeyView):
    __tablename__ = "deleted_keys"


def make_engine(url):
    # asyncpg: SQLAlchemy's default driver writes parameters, and so the values,
    # into the text of the statement.
    # hide_parameters: SQLAlchemy would print the values in its exceptions.
    return create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"),
                               hide_parameters=True)


class UserSyncSession(Session):
    """What a UserSession uses inside."""


class UserSession(AsyncSession):
    """A session on behalf of one user: UserSession(engine, user_id)."""

    def __init__(self, engine, user_id):
        super().__init__(engine, sync_session_class=UserSyncSession,
                         info={"user_id": user_id})


@event.listens_for(UserSyncSession, "after_begin")
def set_user_id(session, transaction, connection):
    connection.execute(select(func.apikey.set_user_id(session.info["user_id"])))


class Keys:
    """One user's keys.  Each method is a transaction."""

    def __init__(self, engine, user_id):
        self.engine = engine
        self.user_id = user_id

    def session(self):
        return UserSession(self.engine, self.user_id)

    async def find(self, session, name):
        found = await session.execute(
            select(ApiKey).filter_by(name=name, is_active=True))
        return found.scalar_one()

    async def add(self, name, key_type, value):
        async with self.session() as session, session.begin():
            await session.scalar(
                select(func.apikey.create_key(name, key_type, value)))

    async def list(self):
        async with self.session() as session, session.begin():
            keys = await session.scalars(
                select(ApiKey).filter_by(is_active=True).order_by(ApiKey.name))
            return [(key.name, key.key_type) for key in keys]

    async def value(self, name):
        async with self.session() as session, session.begin():
            return await (await self.find(session, name)).reveal()

    async def environment(self):
        """All environment variables that the user's program needs, in one query:
        {"OPENAI_API_KEY": ...}"""
        async with self.session() as session, session.begin():
            return await session.scalar(select(func.apikey.reveal_env()))

    async def replace(self, name, value):
        async with self.session() as session, session.begin():
            await (await self.find(session, name)).update(new_value=value)

    async def rename(self, name, new_name):
        async with self.session() as session, session.begin():
            await (await self.find(session, name)).update(new_name=new_name)

    async def remove(self, name):
        async with self.session() as session, session.begin():
            await (await self.find(session, name)).remove()


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


async def export(engine):
    """Every key, as a dictionary with its value, for a comparison.

    A deleted key cannot be revealed, so it is restored and revealed in a
    transaction that is rolled back.
    """
    async with AsyncSession(engine) as session:
        users = (await session.scalars(select(User.id))).all()
    for user_id in users:
        async with UserSession(engine, user_id) as session:
            for row in await session.execute(select(
                    ApiKey, func.apikey.reveal_key(ApiKey.id))):
                yield describe(row[0], row[0].is_active, row[1])
            for key in await session.scalars(select(DeletedKey)):
                await session.scalar(select(func.apikey.restore_key(
                    str(key.id), "restored %s" % key.id)))
                yield describe(key, False, await session.scalar(
                    select(func.apikey.reveal_key(str(key.id)))))
            await session.rollback()
