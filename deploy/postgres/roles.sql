-- The role that serves, on PostgreSQL 15 or newer: run this after each `saattaen migrate`, as the owner of the tables
-- or a superuser, in the main database:
--
--     psql -v ON_ERROR_STOP=1 -d saattaen -f deploy/postgres/roles.sql
--
-- Two roles: the one that migrates owns the tables and is used for nothing else; the one that serves, saattaen_app, owns
-- none. It cannot change or delete what the log holds, and it cannot switch off the triggers that would refuse it too.
-- Give it a way to log in of your own, such as: ALTER ROLE saattaen_app PASSWORD '...' (or a line in pg_hba.conf).
--
-- In the database of keys, where destroying a key is deleting its row:
--     GRANT SELECT, INSERT, UPDATE, DELETE ON data_key TO saattaen_app;

DO $$ BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'saattaen_app') THEN
        CREATE ROLE saattaen_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS;
    END IF;
END $$;

BEGIN;
-- Nobody makes tables here but the owner, temporary ones included.
DO $$ BEGIN EXECUTE 'REVOKE TEMPORARY, CREATE ON DATABASE ' || quote_ident(current_database()) || ' FROM PUBLIC'; END $$;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM saattaen_app;
GRANT USAGE ON SCHEMA public TO saattaen_app;
GRANT SELECT ON alembic_version TO saattaen_app;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO saattaen_app;
GRANT SELECT, INSERT ON audit_combination TO saattaen_app;
GRANT SELECT, INSERT ON audit_erased TO saattaen_app;
GRANT SELECT, INSERT ON audit_head TO saattaen_app;
GRANT SELECT, INSERT ON audit_index TO saattaen_app;
GRANT SELECT, INSERT ON audit_leaf TO saattaen_app;
GRANT SELECT, INSERT ON audit_sealed TO saattaen_app;
GRANT SELECT, INSERT ON audit_subtree TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON client TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON client_identifier TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON client_report TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON client_state TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON concern TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON concern_case TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON confirmation_code TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON consent TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON consent_grant TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON consent_request TO saattaen_app;
GRANT SELECT, INSERT ON consent_version TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON desk_answer TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON desk_contact TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON desk_draft TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON document TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON document_origin TO saattaen_app;
GRANT SELECT, INSERT ON document_version TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON ended_mandate TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON import_nonce TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON kept_answer TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON log_verification TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON notice_choice TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON officer_look TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON outbox TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON paper_check TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON partner TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON partner_service TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON partner_state TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON pause TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON prohibition TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON receipt TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON refusal TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON relation TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON reminder TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON replay TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON revoked_token TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON search_cursor TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempt TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON walk_through TO saattaen_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON web_session TO saattaen_app;
GRANT SELECT, INSERT, UPDATE ON world_state TO saattaen_app;
GRANT UPDATE (size, frontier, note, last_t, ended) ON audit_head TO saattaen_app;
COMMIT;
