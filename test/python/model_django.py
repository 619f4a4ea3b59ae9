"""Models of Django on a view made by apikey.create_model_view(), for
156_model_views.pl.  Arguments: host, port, role, and a value to store."""

import sys
import uuid

import django
from django.conf import settings
from django.db import connection, models, transaction
from django.db.utils import DatabaseError

host, port, role, value = sys.argv[1:]
settings.configure(
    DATABASES={'default': {'ENGINE': 'django.db.backends.postgresql', 'NAME': 'postgres',
                           'HOST': host, 'PORT': port, 'USER': role}},
    INSTALLED_APPS=['__main__'], USE_TZ=True, TIME_ZONE='UTC', DEFAULT_AUTO_FIELD='django.db.models.BigAutoField')
django.setup()


class User(models.Model):
    name = models.TextField()

    class Meta:
        app_label = '__main__'
        db_table = 'users'


class ApiKey(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    user = models.ForeignKey(User, models.DO_NOTHING, related_name='keys')
    name = models.TextField()
    key_type = models.TextField()
    value = models.TextField(null=True)
    hint = models.TextField(editable=False, blank=True)
    metadata = models.JSONField(default=dict)
    env_var = models.TextField(null=True)
    is_active = models.BooleanField(default=True)
    disabled_reason = models.TextField(null=True)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        app_label = '__main__'
        db_table = 'api_keys'
        managed = False


def as_user(user_id, work):
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute('SELECT apikey.set_user_id(%s)', [str(user_id)])
        return work()


def create():
    key = ApiKey(user_id=1, name='django', key_type='custom', value=value)
    key.save()
    other = ApiKey.objects.create(user=User.objects.get(pk=1), name='other', key_type='custom',
                                  value=value + '2', metadata={'team': 'a'})
    return key, other


key, other = as_user(1, create)


def read():
    stored = ApiKey.objects.select_related('user').get(pk=key.pk)
    print('read', stored.name, stored.value, stored.user.name, stored.hint == '...' + value[-4:], stored.is_active)
    print('filter', list(ApiKey.objects.filter(user__name='user 1', metadata__team='a').values_list('name', flat=True)))
    counts = User.objects.annotate(count=models.Count('keys')).order_by('id')
    print('count', [(u.id, u.count) for u in counts])
    return stored


stored = as_user(1, read)


def change():
    stored.name, stored.is_active, stored.disabled_reason = 'renamed', False, '401'
    stored.save()
    stored.refresh_from_db()
    print('save', stored.name, stored.is_active, stored.disabled_reason)
    stored.is_active, stored.value = True, value + '3'
    stored.save()
    stored.refresh_from_db()
    print('save again', stored.is_active, stored.disabled_reason, stored.value)
    print('update', ApiKey.objects.filter(name='other').update(metadata={}, env_var='OTHER_KEY'))
    print('delete', other.delete()[0], [k.name for k in User.objects.get(pk=1).keys.all()])


as_user(1, change)
print('of another user', as_user(2, lambda: (ApiKey.objects.count(), list(User.objects.get(pk=1).keys.all()))))
try:
    as_user(2, lambda: ApiKey.objects.create(user_id=1, name='stolen', key_type='custom', value=value))
except DatabaseError as error:
    print('for another user', error.__cause__.diag.sqlstate, error.__cause__.diag.column_name)
try:
    ApiKey.objects.count()
except DatabaseError as error:
    print('without an identity', error.__cause__.diag.sqlstate)
