/** What waits in a slot: changes that were written after it was made, and copies of the slot to read them from. */
import { Effect } from "effect"
import { createTable, fillTable, rowOf } from "./CustomerTable.ts"
import type { Source } from "./Source.ts"

const base = "bench_base"

/** Procedures, because only those can commit between two of their statements: a client's round trips would take minutes. */
const procedures = `
  CREATE OR REPLACE PROCEDURE public.in_hundreds(transactions integer) LANGUAGE plpgsql AS $$
  DECLARE first bigint;
  BEGIN
    FOR i IN 1 .. transactions LOOP
      first := 1000000000 + i::bigint * 70;
      INSERT INTO public.t SELECT ${rowOf("n")} FROM generate_series(first, first + 69) AS n;
      UPDATE public.t SET saldo = saldo + 1, nome = nome || ' ✓' WHERE id BETWEEN first AND first + 19;
      DELETE FROM public.t WHERE id BETWEEN first + 20 AND first + 29;
      COMMIT;
    END LOOP;
  END $$;
  CREATE OR REPLACE PROCEDURE public.one_by_one(transactions integer) LANGUAGE plpgsql AS $$
  DECLARE n bigint;
  BEGIN
    FOR i IN 0 .. transactions - 1 LOOP
      n := 1000000000 + i;
      CASE
        WHEN i % 10 < 7 THEN INSERT INTO public.t SELECT ${rowOf("n")};
        WHEN i % 10 < 9 THEN UPDATE public.t SET saldo = saldo + 1 WHERE id = n - 7;
        ELSE DELETE FROM public.t WHERE id = n - 3;
      END CASE;
      COMMIT;
    END LOOP;
  END $$`

/** 70 inserts, 20 updates and 10 deletes in each transaction. */
export const inHundreds = (changes: number) => ({
  changes: Math.ceil(changes / 100) * 100,
  sql: `CALL public.in_hundreds(${Math.ceil(changes / 100)})`,
})

/** A transaction for each change, in the same mix. */
export const oneByOne = (changes: number) => ({ changes, sql: `CALL public.one_by_one(${changes})` })

/** Inserts, all in one transaction. */
export const inOneTransaction = (changes: number) => ({ changes, sql: fillTable(changes) })

export interface Backlog {
  /** How many rows the lake must get of it. */
  readonly changes: number
  /** Where it ends in the log. */
  readonly end: string
}

/** Writes it after making a slot, and drops the slot with the scope. One at a time. */
export const writeBacklog = Effect.fn("writeBacklog")(function* (
  { sql }: Source,
  written: { readonly changes: number; readonly sql: string },
) {
  console.error(`writing ${written.changes} changes`)
  yield* sql(createTable)
  yield* sql(procedures)
  yield* Effect.acquireRelease(
    sql("SELECT pg_create_logical_replication_slot($1, 'test_decoding')", [base]),
    () => Effect.ignore(sql("SELECT pg_drop_replication_slot($1)", [base])),
  )
  // What is waited for is the reading; commits are not asked to wait for the disk.
  yield* sql("SET synchronous_commit = off")
  yield* sql(written.sql)
  yield* sql("RESET synchronous_commit")
  const [at] = yield* sql("SELECT pg_current_wal_insert_lsn()::text AS end")
  // One more change, which brings everything before it to the disk, and the rest of its segment with nothing in it.
  yield* sql("DELETE FROM public.t WHERE id = (SELECT min(id) FROM public.t)")
  yield* sql("SELECT pg_switch_wal()")
  return { changes: written.changes + 1, end: at?.["end"] ?? "" } satisfies Backlog
})

/** A slot that has the whole backlog before it, for one run. */
export const copyOfSlot = ({ sql }: Source, name: string) =>
  Effect.acquireRelease(sql("SELECT pg_copy_logical_replication_slot($1, $2)", [base, name]), () =>
    Effect.ignore(sql("SELECT pg_drop_replication_slot($1)", [name])),
  )
