/** What patterns match in the catalog of a real server. */
import { assert, layer } from "@effect/vitest"
import { Effect, Option, Result } from "effect"
import { printInSql } from "../../../../src/core/source/SourceTable.ts"
import { parseTableEntries } from "../../../../src/core/tables/TableEntryText.ts"
import { ChangeSource } from "../../../../src/services/source/ChangeSource.ts"
import { ReplicationSlot } from "../../../../src/services/source/ReplicationSlot.ts"
import { patternsOf, selectConfigured } from "../../../../src/tables/ConfiguredTables.ts"
import { TestPostgres } from "../../../support/postgres/postgres.ts"
import { slotLayers } from "../../../support/postgres/slotLayers.ts"
import { sourceAddress } from "../../../support/postgres/sourceAddress.ts"
import { rulesOf } from "../../../support/slot/projectedChange.ts"
import { readAll } from "../../../support/slot/readAll.ts"

const setup = `
  CREATE SCHEMA vendas; CREATE SCHEMA tenant_1; CREATE SCHEMA "Tenant_2"; CREATE SCHEMA leaves;
  CREATE SCHEMA _timescaledb_internal;
  CREATE TABLE vendas.pedido (id int PRIMARY KEY); CREATE TABLE vendas."Ação.*" (id int);
  CREATE TABLE vendas.cliente_1 (id int); CREATE TABLE vendas.clientex1 (id int);
  CREATE UNLOGGED TABLE vendas.rascunho (id int);
  CREATE VIEW vendas.visao AS SELECT 1 AS id; CREATE MATERIALIZED VIEW vendas.visao_m AS SELECT 1 AS id;
  CREATE SEQUENCE vendas.numeros; CREATE TYPE vendas.par AS (a int, b int);
  CREATE TABLE vendas.evento (id int, dia date) PARTITION BY RANGE (dia);
  CREATE TABLE vendas.evento_2025 PARTITION OF vendas.evento FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')
    PARTITION BY RANGE (dia);
  CREATE TABLE leaves."evento.2025_1" PARTITION OF vendas.evento_2025 FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
  CREATE TABLE tenant_1.pedido (id int); CREATE TABLE "Tenant_2".pedido (id int);
  CREATE TABLE vendas.identified (id int NOT NULL, v text);
  CREATE UNIQUE INDEX identified_by ON vendas.identified (id) INCLUDE (v);
  ALTER TABLE vendas.identified REPLICA IDENTITY USING INDEX identified_by;
  CREATE TABLE _timescaledb_internal.chunk_1 (id int);
  CREATE TEMPORARY TABLE passageira (id int)`

layer(TestPostgres.shared, { excludeTestServices: true })("patterns in the catalog of a server", (it) => {
  /** `schema.table=dataset` of what can be followed, and the others with `!`. */
  const selected = (setting: string, excluded: ReadonlyArray<string> = []) =>
    Effect.gen(function* () {
      const { name, superuserUrl } = yield* (yield* TestPostgres).database(setup)
      return yield* Effect.gen(function* () {
        yield* (yield* ReplicationSlot).create
        const { relations } = yield* (yield* ChangeSource).visit
        const entries = Result.getOrThrow(parseTableEntries(setting))
        const catalog = yield* relations({ tables: [], oids: [], patterns: patternsOf(entries) })
        const { matched, unusable } = selectConfigured(
          entries,
          catalog,
          { tables: new Map() },
          rulesOf(excluded, []),
        )
        return [
          ...matched.map(({ table, dataset }) => `${printInSql(table)}=${dataset}`),
          ...unusable.map(({ table }) => `!${printInSql(table)}`),
        ]
      }).pipe(Effect.provide(slotLayers(sourceAddress(superuserUrl), `patterns_${name}`)), Effect.scoped)
    })

  it.effect("match ordinary and partitioned tables of users, and no view, index, sequence or type", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* selected("*.*={schema}_{table}"), [
        '"Tenant_2".pedido=Tenant_2_pedido',
        "tenant_1.pedido=tenant_1_pedido",
        "vendas.cliente_1=vendas_cliente_1",
        "vendas.clientex1=vendas_clientex1",
        "vendas.evento=vendas_evento",
        "vendas.identified=vendas_identified",
        "vendas.pedido=vendas_pedido",
        '!vendas."Ação.*"',
        "!vendas.rascunho",
      ])
    }),
  )

  it.effect("leave out a table whose key, or the key of its replica identity, COLUMNS_EXCLUDE names", () =>
    Effect.gen(function* () {
      const excluded = ["vendas.*.id"]
      assert.deepStrictEqual(yield* selected("vendas.cliente*", excluded), [
        "vendas.cliente_1=cliente_1",
        "vendas.clientex1=clientex1",
      ])
      assert.deepStrictEqual(yield* selected("vendas.p*,vendas.ident*", excluded), [
        "!vendas.identified",
        "!vendas.pedido",
      ])
    }),
  )

  it.effect("take characters of regular expressions, quotes and capitals as they are", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* selected('vendas.cliente_?, "Tenant"*.*, vendas."Ação.*"=acao, vendas."Ação."*'),
        ["vendas.cliente_1=cliente_1", '"Tenant_2".pedido=Tenant_2_pedido'],
      )
    }),
  )

  it.effect("name the ancestors of a partition from the nearest to the root", () =>
    Effect.gen(function* () {
      const { name, superuserUrl } = yield* (yield* TestPostgres).database(setup)
      yield* Effect.gen(function* () {
        yield* (yield* ReplicationSlot).create
        const { relations } = yield* (yield* ChangeSource).visit
        const leaf = { schema: "leaves", name: "evento.2025_1" }
        const [found] = yield* relations({ tables: [leaf], oids: [] })
        assert.deepStrictEqual(found?.ancestors, [
          { schema: "vendas", name: "evento_2025" },
          { schema: "vendas", name: "evento" },
        ])
        assert.isTrue(Option.isNone(found?.notFollowed ?? Option.some("")))
      }).pipe(Effect.provide(slotLayers(sourceAddress(superuserUrl), `leaf_${name}`)), Effect.scoped)
    }),
  )

  it.effect("let the lines of tables pass that match and are gone, and of no others", () =>
    Effect.gen(function* () {
      const { name, sql, superuserUrl } = yield* (yield* TestPostgres).database(setup)
      yield* Effect.gen(function* () {
        yield* (yield* ReplicationSlot).create
        yield* sql(`CREATE TABLE vendas."Breve: a" (id int); INSERT INTO vendas."Breve: a" VALUES (1);
          CREATE TABLE vendas.breve (id int); INSERT INTO vendas.breve VALUES (1);
          CREATE TABLE tenant_1.breve (id int); INSERT INTO tenant_1.breve VALUES (1);
          INSERT INTO vendas.pedido VALUES (1); INSERT INTO vendas.cliente_1 VALUES (1)`)
        yield* sql('DROP TABLE vendas."Breve: a", vendas.breve, tenant_1.breve')
        const visit = yield* (yield* ChangeSource).visit
        const { flushed } = yield* visit.readState
        const gonePatterns = patternsOf(Result.getOrThrow(parseTableEntries("vendas.*")))
        const tables = [{ schema: "vendas", name: "pedido" }]
        const { transactions } = yield* readAll(visit, {
          upTo: flushed,
          maxLines: 1000,
          tables,
          gonePatterns,
        })
        assert.deepStrictEqual(
          transactions
            .flatMap(({ lines }) => lines)
            .flatMap(({ text }) => /^table (.*): INSERT/.exec(text)?.[1] ?? []),
          ['vendas."Breve: a"', "vendas.breve", "vendas.pedido"],
        )
      }).pipe(Effect.provide(slotLayers(sourceAddress(superuserUrl), `gone_${name}`)), Effect.scoped)
    }),
  )
})
