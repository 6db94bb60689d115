"""What the PostgreSQL probe asks, a statement each; every one carries a mark by which it is left
out of the target's own figures.
"""

from __future__ import annotations

import json
import re
from typing import Any

MARK = "/* perfstress probe */"
TEXT_TOLD = 1_000
# Read at floors only.
DEAR = ("size", "tables_bytes", "indexes_bytes", "wal_bytes", "sequence_used")
# Statements that steer a transaction or a session: no queries of the application.
CONTROL = (
    r"^\s*(begin|start transaction|commit|end|rollback|abort|savepoint|release|set|reset|show|"
    r"discard|deallocate|prepare transaction|close|unlisten|listen)\y"
)
_MINE = f"query NOT LIKE '%{MARK}%'"
_OTHERS = (
    "backend_type = 'client backend' AND datname = current_database() "
    "AND pid <> pg_backend_pid() AND application_name <> 'perfstress probe'"
)


def _plain(column: str) -> str:
    """A query's text without its values, which belong to customers: text and numbers as ``?``."""
    quoted = "'''([^'']|'''')*(''|$)'"  # a text may be cut before its end
    number = r"'\m[0-9]+(\.[0-9]+)?\M'"
    text = f"regexp_replace(left({column}, 400), {quoted}, '?', 'g')"
    return f"left(regexp_replace({text}, {number}, '?', 'g'), 200)"


# Statements of data: their values are replaced by the extension. Others hold passwords as written.
DATA = r"^\s*(select|with|insert|update|delete|merge|values|table)\y"


EXTENSION = f"""SELECT {MARK} n.nspname FROM pg_extension e
 JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"""
LOADED = f'SELECT {MARK} count(*) FROM "{{schema}}".pg_stat_statements(false)'
MAY_SEE = f"SELECT {MARK} pg_has_role(current_user, 'pg_monitor', 'usage')"
LIMITS = f"""SELECT {MARK} current_setting('max_connections')::int AS most,
 current_setting('superuser_reserved_connections')::int
 + coalesce(nullif(current_setting('reserved_connections', true), '')::int, 0) AS reserved"""
SESSIONS = f"""SELECT {MARK} coalesce(sum(n), 0) AS connections,
 coalesce(sum(waiting), 0) AS locks_waiting,
 coalesce(max(oldest), 0) AS oldest_transaction_s,
 jsonb_object_agg(state, n) AS states
 FROM (SELECT coalesce(state, 'unknown') AS state, count(*) AS n,
  count(*) FILTER (WHERE wait_event_type = 'Lock') AS waiting,
  extract(epoch FROM max(clock_timestamp() - xact_start)) AS oldest
  FROM pg_stat_activity WHERE {_OTHERS} GROUP BY 1) s"""
DATABASE = f"""SELECT {MARK} xact_commit + xact_rollback AS transactions,
 xact_rollback AS rollbacks, blks_read AS blocks_missed, blks_hit AS blocks_hit,
 temp_bytes, deadlocks FROM pg_stat_database WHERE datname = current_database()"""
TABLES = f"""SELECT {MARK} coalesce(sum(seq_scan), 0) AS seq_scans,
 coalesce(sum(seq_tup_read), 0) + coalesce(sum(idx_tup_fetch), 0) AS rows_read,
 coalesce(sum(n_dead_tup), 0) AS dead_rows FROM pg_stat_user_tables"""
TOTALS = f"""SELECT {MARK} coalesce(sum(calls), 0) AS statements,
 coalesce(sum(calls) FILTER (WHERE query !~* '{CONTROL}'), 0) AS queries,
 coalesce(sum(rows), 0) AS rows,
 coalesce(sum(shared_blks_hit + shared_blks_read), 0) AS blocks,
 coalesce(sum(total_exec_time), 0) / 1000 AS exec_s, {{evicted}} AS statements_evicted
 FROM "{{schema}}".pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
 WHERE d.datname = current_database() AND {_MINE}"""
# How often the extension had no room left and let go of what was used least; since version 14.
EVICTED = '(SELECT dealloc FROM "{schema}".pg_stat_statements_info)'
SIZES = f"""SELECT {MARK} pg_database_size(current_database()) AS size,
 (SELECT coalesce(sum(pg_table_size(relid)), 0) FROM pg_stat_user_tables) AS tables_bytes,
 (SELECT coalesce(sum(pg_indexes_size(relid)), 0) FROM pg_stat_user_tables) AS indexes_bytes,
 CASE WHEN pg_is_in_recovery() THEN NULL
  ELSE pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0') END AS wal_bytes,
 (SELECT coalesce(max(last_value::float8 / max_value), 0) FROM pg_sequences
  WHERE increment_by > 0 AND NOT cycle) AS sequence_used"""
SESSION_GROUPS = f"""SELECT {MARK} coalesce(state, 'unknown') AS state,
 application_name AS application, coalesce(host(client_addr), 'local') AS peer,
 {_plain("query")} AS query, coalesce(wait_event_type, '') AS waits_for, count(*) AS count,
 round(extract(epoch FROM max(clock_timestamp() - state_change))::numeric, 1)::float8 AS longest_s
 FROM pg_stat_activity WHERE {_OTHERS}
 GROUP BY 1, 2, 3, 4, 5 ORDER BY count DESC, 1, 2, 4 LIMIT 20"""
LOCKS = f"""SELECT {MARK} a.pid AS waiting, {_plain("a.query")} AS query,
 b.pid AS holder, coalesce(b.state, '') AS holder_state, {_plain("b.query")} AS holder_query
 FROM pg_stat_activity a CROSS JOIN LATERAL unnest(pg_blocking_pids(a.pid)) AS by(pid)
 JOIN pg_stat_activity b ON b.pid = by.pid
 WHERE a.datname = current_database() AND a.wait_event_type = 'Lock' LIMIT 20"""
LARGEST_TABLES = f"""SELECT {MARK} schemaname || '.' || relname AS name,
 pg_table_size(relid)::float8 AS bytes, pg_indexes_size(relid)::float8 AS index_bytes,
 n_live_tup AS live_rows, n_dead_tup AS dead_rows, seq_scan AS seq_scans,
 seq_tup_read AS seq_rows, coalesce(idx_scan, 0) AS index_scans,
 coalesce(idx_tup_fetch, 0) AS index_rows
 FROM pg_stat_user_tables ORDER BY pg_table_size(relid) DESC, 1 LIMIT 20"""
SEQUENCES = f"""SELECT {MARK} schemaname || '.' || sequencename AS name, last_value, max_value,
 last_value::float8 / max_value AS used FROM pg_sequences
 WHERE last_value IS NOT NULL AND increment_by > 0 AND NOT cycle
 ORDER BY used DESC LIMIT 5"""
STATEMENTS = f"""SELECT {MARK} queryid::text AS queryid, left(query, {TEXT_TOLD}) AS query,
 length(query) > {TEXT_TOLD} AS cut, sum(calls)::float8 AS calls, sum(rows)::float8 AS rows,
 (sum(total_exec_time) / 1000)::float8 AS exec_s,
 sum(shared_blks_hit + shared_blks_read)::float8 AS blocks,
 sum(shared_blks_read)::float8 AS blocks_missed
 FROM "{{schema}}".pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
 WHERE d.datname = current_database() AND {_MINE} AND query ~* '{DATA}'
 GROUP BY 1, 2, 3 ORDER BY sum(total_exec_time) DESC LIMIT 200"""

# A plan without values: PREPARE leaves the types of the parameters to the server, NULL fits them
# all, and EXPLAIN without ANALYZE carries nothing out.
PREPARE = f"PREPARE {MARK} perfstress_plan AS "
PARAMETERS = f"""SELECT {MARK} cardinality(parameter_types) FROM pg_prepared_statements
 WHERE name = 'perfstress_plan'"""
EXPLAIN = f"EXPLAIN {MARK} EXECUTE perfstress_plan"
DEALLOCATE = f"DEALLOCATE {MARK} perfstress_plan"

_PLANNABLE = re.compile(r"\s*(select|with|insert|update|delete|values|table)\b", re.IGNORECASE)


def is_plannable(query: str) -> bool:
    """Whether a plan can be asked for: a single statement of data, whole as it was written."""
    return bool(_PLANNABLE.match(query)) and len(query) < TEXT_TOLD and ";" not in query


def decoded(value: Any) -> dict[str, Any]:
    """An object of JSON as asyncpg hands it on: as text."""
    found: dict[str, Any] = json.loads(value) if isinstance(value, str) else dict(value or {})
    return found
