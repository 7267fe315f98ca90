-- Run once, on an empty server, as its superuser: the second database, and the role that serves without a password yet.
CREATE ROLE saattaen_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS;
CREATE DATABASE saattaen_keys OWNER saattaen_owner;
REVOKE CONNECT, TEMPORARY ON DATABASE saattaen, saattaen_keys FROM PUBLIC;
GRANT CONNECT ON DATABASE saattaen, saattaen_keys TO saattaen_app;
