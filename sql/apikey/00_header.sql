/* The objects of the extension apikey; assembled from sql/apikey/ */

-- complain if the script is sourced in psql rather than by CREATE EXTENSION
\echo Use "CREATE EXTENSION apikey" to load this file. \quit

-- Unqualified names, operators and types below mean PostgreSQL's own.
SET LOCAL search_path TO pg_catalog, pg_temp;
