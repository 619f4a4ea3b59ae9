"""A model of SQLAlchemy on a view made by apikey.create_model_view(), for
156_model_views.pl.  Arguments: the URL of the database, and a value to store."""

import sys

from sqlalchemy import (BigInteger, Boolean, Column, DateTime, FetchedValue, ForeignKey, Text,
                        create_engine, event, func, select, text)
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, declarative_base, joinedload, relationship

url, value = sys.argv[1:]
Base = declarative_base()


class User(Base):
    __tablename__ = 'users'
    id = Column(BigInteger, primary_key=True)
    name = Column(Text)
    keys = relationship('ApiKey', back_populates='user', order_by='ApiKey.name')


class ApiKey(Base):
    __tablename__ = 'api_keys'
    __mapper_args__ = {'eager_defaults': True}
    id = Column(UUID(as_uuid=True), primary_key=True, server_default=FetchedValue())
    user_id = Column(BigInteger, ForeignKey('users.id'), server_default=FetchedValue())
    name = Column(Text)
    key_type = Column(Text)
    value = Column(Text)
    hint = Column(Text, server_default=FetchedValue(), server_onupdate=FetchedValue())
    expires_at = Column(DateTime(timezone=True))
    # "metadata" is a name of SQLAlchemy's own
    details = Column('metadata', JSONB, server_default=FetchedValue())
    is_active = Column(Boolean, server_default=FetchedValue())
    usable = Column(Boolean, server_default=FetchedValue(), server_onupdate=FetchedValue())
    user = relationship('User', back_populates='keys')


engine = create_engine(url, future=True)


@event.listens_for(Session, 'after_begin')
def set_identity(session, transaction, connection):
    if 'user_id' in session.info:
        connection.execute(select(func.apikey.set_user_id(text(':id').bindparams(id=str(session.info['user_id'])))))


def session(user_id):
    return Session(engine, future=True, info={'user_id': user_id})


with session(1) as s:
    user = s.get(User, 1)
    key = ApiKey(name='default', key_type='custom', value=value, user=user)
    other = ApiKey(name='other', key_type='custom', value=value + '2', details={'team': 'a'})
    s.add_all([key, other])
    s.flush()
    print('add', key.id is not None, other.user_id, key.hint == '...' + value[-4:], key.is_active, key.usable, key.details)
    s.commit()
    print('read', key.name, key.value, key.user.name, [k.name for k in user.keys])
    key.name, key.is_active, key.expires_at = 'renamed', False, func.now() + text("interval '1 hour'")
    s.commit()
    print('change', key.name, key.is_active, key.usable, key.expires_at is not None)
    key.is_active, key.expires_at, key.value = True, None, value + '3'
    s.commit()
    print('change again', key.is_active, key.usable, key.expires_at)
    s.delete(other)
    s.commit()
    loaded = s.execute(select(ApiKey).options(joinedload(ApiKey.user))).scalars().all()
    print('list', [(k.name, k.user.name) for k in loaded])
    rows = s.execute(select(User.id, func.count(ApiKey.id)).outerjoin(User.keys).group_by(User.id).order_by(User.id))
    print('count', [tuple(row) for row in rows])

with session(2) as s:
    print('of another user', s.get(User, 1).keys, s.execute(select(func.count(ApiKey.id))).scalar())
    s.add(ApiKey(name='stolen', key_type='custom', value=value, user_id=1))
    try:
        s.commit()
    except DBAPIError as error:
        print('for another user', error.orig.pgcode, error.orig.diag.column_name)

with Session(engine, future=True) as s:
    try:
        s.execute(select(ApiKey)).all()
    except DBAPIError as error:
        print('without an identity', error.orig.pgcode)
