"""Before: the application's own table, Fernet, and the key from FERNET_KEY."""

import datetime
import os

from cryptography.fernet import Fernet
from sqlalchemy import (Boolean, Column, DateTime, ForeignKey, Integer,
                        MetaData, Text, select)
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import declarative_base

Base = declarative_base(metadata=MetaData())


def now():
    return datetime.datetime.now(datetime.timezone.utc)


class User(Base):
    __tablename__ = "users"

    id = Column(Integer, primary_key=True)
    name = Column(Text, nullable=False)


class ApiKey(Base):
    __tablename__ = "api_keys"

    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"), nullable=False, index=True)
    name = Column(Text, nullable=False)
    key_type = Column(Text, nullable=False)
    encrypted_value = Column(Text, nullable=False)
    created_at = Column(DateTime(timezone=True), nullable=False, default=now)
    updated_at = Column(DateTime(timezone=True), nullable=False, default=now,
                        onupdate=now)
    is_active = Column(Boolean, nullable=False, default=True)


def make_engine(url):
    return create_async_engine(make_url(url).set(drivername="postgresql+asyncpg"))


class Keys:
    """One user's keys.  Each method is a transaction."""

    def __init__(self, engine, user_id):
        self.engine = engine
        self.user_id = user_id
        self.fernet = Fernet(os.environ["FERNET_KEY"])

    def encrypt(self, value):
        return self.fernet.encrypt(value.encode()).decode()

    async def find(self, session, name):
        # Without user_id here, another user's key could be returned.
        found = await session.execute(
            select(ApiKey).filter_by(user_id=self.user_id, name=name,
                                     is_active=True))
        return found.scalar_one()

    async def add(self, name, key_type, value):
        async with AsyncSession(self.engine) as session, session.begin():
            session.add(ApiKey(user_id=self.user_id, name=name,
                               key_type=key_type,
                               encrypted_value=self.encrypt(value)))

    async def list(self):
        async with AsyncSession(self.engine) as session, session.begin():
            keys = await session.scalars(
                select(ApiKey).filter_by(user_id=self.user_id, is_active=True)
                .order_by(ApiKey.name))
            return [(key.name, key.key_type) for key in keys]

    async def value(self, name):
        async with AsyncSession(self.engine) as session, session.begin():
            token = (await self.find(session, name)).encrypted_value
            return self.fernet.decrypt(token.encode()).decode()

    async def replace(self, name, value):
        async with AsyncSession(self.engine) as session, session.begin():
            (await self.find(session, name)).encrypted_value = self.encrypt(value)

    async def rename(self, name, new_name):
        async with AsyncSession(self.engine) as session, session.begin():
            (await self.find(session, name)).name = new_name

    async def remove(self, name):
        async with AsyncSession(self.engine) as session, session.begin():
            (await self.find(session, name)).is_active = False


async def export(engine):
    """Every key, as a dictionary with its value, for a comparison."""
    fernet = Fernet(os.environ["FERNET_KEY"])
    async with AsyncSession(engine) as session, session.begin():
        for key in await session.scalars(select(ApiKey)):
            yield {
                "user_id": key.user_id, "id": key.id, "name": key.name,
                "key_type": key.key_type, "is_active": key.is_active,
                "created_at": key.created_at.timestamp(),
                "updated_at": key.updated_at.timestamp(),
                "value": fernet.decrypt(key.encrypted_value.encode()).decode(),
            }
