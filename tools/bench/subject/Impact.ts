/** What a `cdc` that follows costs those who write: the same number of transactions with and without it. */
import { Effect } from "effect"
import { openSession } from "../../../test/support/postgres/pgClient.ts"
import type { Bench } from "../Bench.ts"
import { alternate } from "../figures/Alternation.ts"
import { compared, type Run } from "../figures/Result.ts"
import { follow } from "../world/Follower.ts"
import type { Source } from "../world/Source.ts"

const branches = 10
const accounts = branches * 10_000
const writers = 4

/**
 * The tables and the transaction of pgbench. All of it in one call: a client that is busy with round trips would hide
 * what the server has less time for.
 */
const setup = `
  CREATE TABLE public.branches (bid integer PRIMARY KEY, bbalance integer, filler char(88) DEFAULT '');
  CREATE TABLE public.tellers (tid integer PRIMARY KEY, bid integer, tbalance integer, filler char(84) DEFAULT '');
  CREATE TABLE public.accounts (aid integer PRIMARY KEY, bid integer, abalance integer, filler char(84) DEFAULT '');
  CREATE TABLE public.history (tid integer, bid integer, aid integer, delta integer, mtime timestamptz, filler char(22));
  INSERT INTO public.branches SELECT n, 0 FROM generate_series(1, ${branches}) AS n;
  INSERT INTO public.tellers SELECT n, n % ${branches} + 1, 0 FROM generate_series(1, ${branches * 10}) AS n;
  INSERT INTO public.accounts SELECT n, n % ${branches} + 1, 0 FROM generate_series(1, ${accounts}) AS n;
  CREATE FUNCTION public.transact(a integer, t integer, b integer, d integer) RETURNS integer LANGUAGE plpgsql AS $$
  DECLARE balance integer;
  BEGIN
    UPDATE public.accounts SET abalance = abalance + d WHERE aid = a;
    SELECT abalance INTO balance FROM public.accounts WHERE aid = a;
    UPDATE public.tellers SET tbalance = tbalance + d WHERE tid = t;
    UPDATE public.branches SET bbalance = bbalance + d WHERE bid = b;
    INSERT INTO public.history VALUES (t, b, a, d, now());
    RETURN balance;
  END $$`

const tables = ["branches", "tellers", "accounts", "history"].map((name) => `public.${name}`).join(",")

const oneTo = (most: number): string => String(1 + Math.floor(Math.random() * most))

/** All of them as fast as the server lets the writers. */
const load = Effect.fnUntraced(function* (source: Source, transactions: number) {
  let left = transactions
  const writer = Effect.gen(function* () {
    const { sql } = yield* openSession(source.urlOf(source.database))
    while (left-- > 0) {
      const values = [oneTo(accounts), oneTo(branches * 10), oneTo(branches), oneTo(1000)]
      yield* sql("SELECT public.transact($1, $2, $3, $4)", values)
    }
  })
  const startedAt = performance.now()
  yield* Effect.all(
    Array.from({ length: writers }, () => Effect.scoped(writer)),
    { concurrency: "unbounded" },
  )
  return { seconds: (performance.now() - startedAt) / 1000 } satisfies Run
})

const loadWithCdc = Effect.fnUntraced(function* (source: Source, place: string, transactions: number) {
  const { finish } = yield* follow(source, place, tables)
  const { seconds } = yield* load(source, transactions)
  return { ...(yield* finish), seconds }
}, Effect.scoped)

export const impactBench: Bench = {
  // On a disk always: a commit that costs nothing is nobody's.
  room: () => Number.POSITIVE_INFINITY,
  run: Effect.fn("bench impact")(function* ({ source, place, options, found }) {
    yield* source.sql(setup)
    // How many fill the time that was asked for.
    const trial = yield* load(source, 5000)
    const transactions = Math.ceil((5000 / trial.seconds) * options.seconds)
    const what = `${transactions} transactions by ${writers} writers while cdc follows`
    const pairs = yield* alternate(
      what,
      options.runs,
      load(source, transactions),
      loadWithCdc(source, place, transactions),
    )
    // 5 % fewer transactions in the same time are 1 / 0.95 of the time for the same.
    yield* found(compared({ what, against: "the same without cdc", pairs, target: { atMost: 1.05 } }))
  }),
}
