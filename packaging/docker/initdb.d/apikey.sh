#!/bin/bash
#
# Run once by the image's entrypoint, as the server's user, when the data directory is
# empty: the extension in the database POSTGRES_DB, and three roles of an
# application.  Their passwords are in the secrets web_password, worker_password
# and keeper_password; a role without one cannot log in with a password.

set -euo pipefail

# The value goes to psql in its environment: not in arguments, nor in the log.
create_role()
{
	local role=$1 member_of=$2 file=/run/secrets/${1}_password
	PASSWORD=
	[ ! -r "$file" ] || PASSWORD=$(cat "$file")
	export PASSWORD
	psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=role="$role" --set=member_of="$member_of" \
		--username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<-'END'
		\getenv password PASSWORD
		SET log_statement = none;
		SET log_min_error_statement = panic;
		SET log_min_duration_statement = -1;
		CREATE ROLE :"role" LOGIN;
		GRANT :"member_of" TO :"role";
		SELECT :'password' <> '' AS has_password \gset
		\if :has_password
		ALTER ROLE :"role" PASSWORD :'password';
		\endif
	END
}

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
	--command "CREATE EXTENSION apikey"
create_role web apikey_user
create_role worker apikey_reveal
create_role keeper apikey_admin
