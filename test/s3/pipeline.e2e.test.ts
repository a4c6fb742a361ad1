import { createHash } from "node:crypto"
import { assert, layer } from "@effect/vitest"
import { Effect, Result } from "effect"
import type { MinioOptions } from "../../layers/s3/MinioBucket.ts"
import * as Manifest from "../../src/core/lake/Manifest.ts"
import { TestPostgres } from "../support/postgres/postgres.ts"
import { type Environment, runProgram } from "../support/program/program.ts"
import {
  bucketEnvironment,
  freshBucket,
  plainClient,
  unfinishedUploads,
  withBucket,
} from "../support/s3/s3Endpoint.ts"
import { serverCopy } from "../support/table/serverCopy.ts"

const rows = 40_000

/** Some 14 MB: more than one part. */
const shop = `
  CREATE SCHEMA db_loja;
  CREATE TABLE db_loja.cliente (id bigint PRIMARY KEY, nome text, ativo boolean);
  INSERT INTO db_loja.cliente
    SELECT n, CASE n % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'João, "o ' || n || '" ' || repeat('ção' || chr(10), 100) END, n % 2 = 0
      FROM generate_series(1, ${rows}) AS n`

/** A shop in a database of its own, and the settings that carry it into the bucket. */
const openShop = Effect.fn("openShop")(function* (bucket: MinioOptions, overrides: Environment = {}) {
  const database = yield* (yield* TestPostgres).database(shop)
  const environment: Environment = {
    DATABASE_URL: `${database.url}?sslmode=disable`,
    ...bucketEnvironment(bucket),
    LAKE_URL: `s3://${bucket.bucket}/loja`,
    REPLICATION_SLOT: database.name,
    ...overrides,
  }
  return { database, run: (...args: ReadonlyArray<string>) => runProgram(args, environment) }
})

/** What lies in the bucket, read past the program. */
const bucketContent = (bucket: MinioOptions) =>
  Effect.promise(async () => {
    const client = plainClient(bucket)
    const content = new Map<string, Buffer>()
    for await (const { name } of client.listObjectsV2(bucket.bucket, "", true)) {
      const pieces: Array<Uint8Array> = []
      for await (const piece of await client.getObject(bucket.bucket, name)) pieces.push(piece)
      content.set(name, Buffer.concat(pieces))
    }
    return content
  })

const found = (content: ReadonlyMap<string, Buffer>, name: RegExp) =>
  [...content].flatMap(([key, bytes]) => (name.test(key) ? [{ key, bytes }] : []))

const bucket = freshBucket()

layer(TestPostgres.shared, { excludeTestServices: true })("the program and a real S3 server", (it) => {
  it.effect("full and cdc write the objects of the contract, byte for byte", () =>
    Effect.gen(function* () {
      const { database, run } = yield* openShop(bucket)
      for (const args of [["init"], ["init"], ["full"]])
        assert.strictEqual((yield* run(...args)).code, 0, args[0])
      yield* database.sql("UPDATE db_loja.cliente SET nome = 'ç' WHERE id <= 2")
      yield* database.sql("DELETE FROM db_loja.cliente WHERE id = 3")
      assert.strictEqual((yield* run("cdc", "--once")).code, 0)

      const content = yield* bucketContent(bucket)
      assert.deepStrictEqual(
        [...content.keys()].map((key) => key.replace(/\d{8}(_\d{6})?/g, "#")),
        [
          "loja/full/date=#/_full_clientes_#.json",
          "loja/full/date=#/full_clientes_#.csv",
          "loja/inc/_fence_probe",
          "loja/inc/_watermark.txt",
          "loja/inc/date=#/_schema_clientes_#.json",
          "loja/inc/date=#/cdc_#.csv",
        ],
      )
      const [full] = found(content, /\/full_clientes_.*csv$/)
      const [manifest] = found(content, /json$/)
      const told = Result.getOrThrow(Manifest.parse(manifest?.bytes.toString("utf8")))
      assert.deepStrictEqual(
        [told.rows, told.bytes, told.objects[0].md5],
        [
          rows,
          full?.bytes.length,
          createHash("md5")
            .update(full?.bytes ?? "")
            .digest("hex"),
        ],
      )
      const [inc] = found(content, /\/cdc_.*csv$/)
      const lines = inc?.bytes
        .toString("utf8")
        .replace(/[0-9A-F]{8}\/[0-9A-F]{8},(\d+),\d+,[^,]*/g, "@,$1")
        .split("\n")
      assert.deepStrictEqual(lines, [
        "_op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged,id,nome,ativo",
        "U,@,1,,,1,ç,false",
        "U,@,2,,,2,ç,true",
        "D,@,1,,,3,,",
        "",
      ])
    }).pipe(Effect.provide(withBucket(bucket))),
  )

  it.effect("full writes through several parts what PostgreSQL's COPY writes", () =>
    Effect.gen(function* () {
      const own = freshBucket()
      yield* Effect.gen(function* () {
        const { database, run } = yield* openShop(own)
        assert.strictEqual((yield* run("full")).code, 0)
        const [full] = found(yield* bucketContent(own), /\/full_clientes_.*csv$/)
        const copy = yield* serverCopy(database, "SELECT id, nome, ativo::text AS ativo FROM db_loja.cliente")
        assert.isAbove(copy.length, 8 * 1024 * 1024)
        assert.isTrue(copy.equals(full?.bytes ?? Buffer.alloc(0)))
        assert.deepStrictEqual(yield* unfinishedUploads(own), [])
      }).pipe(Effect.provide(withBucket(own)))
    }),
  )

  it.effect("a bucket that is missing ends full with 2 and the command that makes it", () =>
    Effect.gen(function* () {
      const { run } = yield* openShop(freshBucket())
      const { code, stderr } = yield* run("full")
      assert.strictEqual(code, 2)
      assert.include(stderr, "node dist/main.js init")
    }),
  )

  it.effect("a wrong secret ends cdc with 2, names the variable and does not tell the secret", () =>
    Effect.gen(function* () {
      const own = freshBucket()
      yield* Effect.gen(function* () {
        const { run } = yield* openShop(own, { MINIO_SECRET_KEY: "wrong-and-secret" })
        const { code, stderr, stdout } = yield* run("cdc", "--once")
        assert.strictEqual(code, 2)
        assert.include(stderr, "MINIO_SECRET_KEY")
        assert.notInclude(stderr + stdout, "wrong-and-secret")
        assert.strictEqual((yield* bucketContent(own)).size, 0)
      }).pipe(Effect.provide(withBucket(own)))
    }),
  )
})
