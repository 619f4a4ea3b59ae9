"""Before: the application's own table, Fernet, and the key from FERNET_KEY."""

import datetime
import os

from cryptography.fernet import Fernet
from sqlalchemy import (Boolean, Column, DateTime, ForeignKey, Integer,
                        MetaData, Text, create_engine, select)
from sqlalchemy.orm import Session, declarative_base

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
    return create_engine(url)


class Keys:
    """One user's keys.  Each method is a transaction."""

    def __init__(self, engine, user_id):
        self.engine = engine
        self.user_id = user_id
        self.fernet = Fernet(os.environ["FERNET_KEY"])

    def encrypt(self, value):
        return self.fernet.encrypt(value.encode()).decode()

    def find(self, session, name):
        # Without user_id here, another user's key could be returned.
        return session.execute(
            select(ApiKey).filter_by(user_id=self.user_id, name=name,
                                     is_active=True)).scalar_one()

    def add(self, name, key_type, value):
        with Session(self.engine) as session, session.begin():
            session.add(ApiKey(user_id=self.user_id, name=name,
                               key_type=key_type,
                               encrypted_value=self.encrypt(value)))

    def list(self):
        with Session(self.engine) as session, session.begin():
            keys = session.execute(
                select(ApiKey).filter_by(user_id=self.user_id, is_active=True)
                .order_by(ApiKey.name)).scalars()
            return [(key.name, key.key_type) for key in keys]

    def value(self, name):
        with Session(self.engine) as session, session.begin():
            token = self.find(session, name).encrypted_value
            return self.fernet.decrypt(token.encode()).decode()

    def replace(self, name, value):
        with Session(self.engine) as session, session.begin():
            self.find(session, name).encrypted_value = self.encrypt(value)

    def rename(self, name, new_name):
        with Session(self.engine) as session, session.begin():
            self.find(session, name).name = new_name

    def remove(self, name):
        with Session(self.engine) as session, session.begin():
            self.find(session, name).is_active = False


def export(engine):
    """Every key, as a dictionary with its value, for a comparison."""
    fernet = Fernet(os.environ["FERNET_KEY"])
    with Session(engine) as session, session.begin():
        for key in session.execute(select(ApiKey)).scalars():
            yield {
                "user_id": key.user_id, "id": key.id, "name": key.name,
                "key_type": key.key_type, "is_active": key.is_active,
                "created_at": key.created_at.timestamp(),
                "updated_at": key.updated_at.timestamp(),
                "value": fernet.decrypt(key.encrypted_value.encode()).decode(),
            }
