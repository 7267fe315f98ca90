#!/bin/sh
# Give the role that serves its password, from the environment; psql quotes it.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=password="$SAATTAEN_DB_PASSWORD" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<'SQL'
ALTER ROLE saattaen_app PASSWORD :'password';
SQL
