import type { Session } from "../connection.ts";
import type { ExistingTable } from "./catalog.ts";
import { META_COLUMNS } from "./ddl.ts";
import { keyIndexName } from "./names.ts";
import { textArray } from "./sql.ts";
import type { Target } from "./tables.ts";

/**
 * Whether dropping the table would lose nothing but rows: it is an ordinary table of this user, without grants, options,
 * triggers, rules, policies, children or comments but Weir's own, and nothing depends on it or its row type but its TOAST
 * table, Weir's own index and the NOT NULLs of Weir's own columns.
 */
const PLAIN = `
SELECT c.relkind = 'r' AND c.relpersistence = 'p' AND NOT c.relispartition AND c.relacl IS NULL
  AND c.reloptions IS NULL AND c.reltablespace = 0 AND c.reloftype = 0 AND c.relreplident = 'd'
  AND NOT c.relrowsecurity AND NOT c.relhastriggers AND NOT c.relhasrules AND NOT c.relhassubclass
  AND c.relowner = (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = current_user)
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    AND (a.attacl IS NOT NULL OR a.attoptions IS NOT NULL OR a.atthasdef OR a.attidentity <> ''
      OR a.attnotnull AND a.attname <> ALL ($3::text[])))
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_description AS d
    WHERE d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = c.oid AND d.description NOT LIKE 'Field "%')
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = c.oid
    AND NOT (d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = c.reltype)
    AND NOT (d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.reltoastrelid)
    AND NOT (d.classid = 'pg_catalog.pg_class'::regclass AND d.objid IN (
      SELECT i.oid FROM pg_catalog.pg_class AS i WHERE i.relkind = 'i' AND i.relname = $2))
    AND NOT (d.classid = 'pg_catalog.pg_constraint'::regclass AND d.objid IN (
      SELECT n.oid FROM pg_catalog.pg_constraint AS n WHERE n.conrelid = c.oid AND n.contype = 'n')))
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_type AS row ON row.oid = c.reltype
    WHERE d.refclassid = 'pg_catalog.pg_type'::regclass AND d.refobjid IN (row.oid, row.typarray)
    AND d.objid <> row.typarray) AS plain
FROM pg_catalog.pg_class AS c WHERE c.oid = $1::oid`;

export async function isPlain(
  session: Session,
  { final, key }: Target,
  { oid }: ExistingTable,
): Promise<boolean> {
  const [row] = await session.query<{ readonly plain: string }>(PLAIN, [
    oid,
    keyIndexName(final, key),
    textArray(META_COLUMNS.map(({ name }) => name)),
  ]);
  return row?.plain === "t";
}
