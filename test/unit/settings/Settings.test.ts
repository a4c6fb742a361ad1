import { inspect } from "node:util"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { ConfigProvider, Duration, Effect, Option, Redacted, Runtime } from "effect"
import { asVariables, settingFlags } from "../../../src/cli/Flags.ts"
import { Settings } from "../../../src/settings/Settings.ts"
import { settingSpecs } from "../../../src/settings/SettingTable.ts"

const load = (variables: Record<string, string>) =>
  Settings.pipe(
    Effect.provide(Settings.layer),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(variables)),
    Effect.provide(NodeFileSystem.layer),
  )
const keys = { MINIO_ACCESS_KEY: "key", MINIO_SECRET_KEY: "geheim" }
const problems = (variables: Record<string, string>) =>
  Effect.map(Effect.flip(load(variables)), (error) => error.problems)

describe("settings", () => {
  it.effect("have the defaults of the contract", () =>
    Effect.gen(function* () {
      const settings = yield* load(keys)
      assert.deepStrictEqual(settings.tables, [
        { _tag: "Named", table: { schema: "db_loja", name: "cliente" }, dataset: "clientes" },
      ])
      assert.strictEqual(settings.slot, "data_sync_slot")
      assert.strictEqual(Duration.toMillis(settings.pollInterval), 2000)
      assert.deepStrictEqual(settings.lake, { _tag: "Bucket", bucket: "raw", prefix: "" })
      assert.strictEqual(settings.batchMaxChanges, 1_000_000)
      assert.deepStrictEqual([settings.batchMinWal, Duration.toSeconds(settings.batchMaxWait)], [0, 60])
      assert.strictEqual(settings.logLevel, "Info")
      assert.isTrue(Option.isNone(settings.layout))
      const s3 = Option.getOrThrow(settings.s3)
      assert.deepStrictEqual([s3.endpoint.origin, s3.region], ["http://localhost:9000", "us-east-1"])
    }),
  )

  it.effect("need no keys for a lake in a folder", () =>
    Effect.gen(function* () {
      const settings = yield* load({ LAKE_URL: "file:./lake" })
      assert.deepStrictEqual(
        [settings.lake, settings.s3],
        [{ _tag: "Folder", path: "./lake" }, Option.none()],
      )
    }),
  )

  it.effect("hash with the key that is set, and keep it out of what is printed", () =>
    Effect.gen(function* () {
      const { columns } = yield* load({
        LAKE_URL: "file:./lake",
        COLUMNS_EXCLUDE: "db_loja.cliente.cpf",
        COLUMNS_HASH: '*.email, db_loja."Cliente".nome',
        // RFC 4231, test case 2.
        COLUMNS_HASH_KEY: "Jefe",
      })
      assert.deepStrictEqual(
        [columns.excluded, columns.hashed].map((list) => list.map((entry) => entry.text)),
        [["db_loja.cliente.cpf"], ["*.email", 'db_loja."Cliente".nome']],
      )
      assert.strictEqual(
        columns.hashing.hash(Buffer.from("what do ya want for nothing?")),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      )
      assert.notInclude(inspect(columns, { depth: 9, showHidden: true }), "Jefe")
    }),
  )

  it.effect("name the problems of both lists of columns and of the key together, and never the key", () =>
    Effect.gen(function* () {
      const lake = { LAKE_URL: "file:./lake" }
      assert.deepStrictEqual(
        (yield* problems({ ...lake, COLUMNS_EXCLUDE: "cpf", COLUMNS_HASH: "," })).map(
          (one) => one.split(":")[0],
        ),
        ["COLUMNS_EXCLUDE", "COLUMNS_HASH", "COLUMNS_HASH_KEY"],
      )
      assert.deepStrictEqual(yield* problems({ ...lake, COLUMNS_HASH: "*.email" }), [
        "COLUMNS_HASH_KEY: COLUMNS_HASH needs it. For example: COLUMNS_HASH_KEY=a-long-random-text",
      ])
      const [empty] = yield* problems({ ...lake, COLUMNS_HASH: "*.email", COLUMNS_HASH_KEY: " " })
      assert.match(empty ?? "", /^COLUMNS_HASH_KEY: it is empty/)
      const [bare] = yield* problems({ ...lake, COLUMNS_HASH: "email", COLUMNS_HASH_KEY: "geheim" })
      assert.match(bare ?? "", /write schema.table.column.* For example: COLUMNS_HASH=db_loja.cliente.email/)
      assert.notInclude(bare ?? "", "geheim")
    }),
  )

  it.effect("give an example that can be used where a service is not defined", () =>
    Effect.gen(function* () {
      const nowhere = { LAKE_URL: "file:./lake", HOME: "/nowhere", PGSYSCONFDIR: "/nowhere" }
      const [inUrl] = yield* problems({ ...nowhere, DATABASE_URL: "service=nix" })
      assert.include(inUrl ?? "", "DATABASE_URL=postgres:///?service=loja")
      const [inVariable] = yield* problems({ ...nowhere, PGSERVICE: "nix" })
      assert.include(inVariable ?? "", "PGSERVICE=loja")
    }),
  )

  it.effect("take AWS's variables where MinIO's are unset", () =>
    Effect.gen(function* () {
      const s3 = Option.getOrThrow(
        (yield* load({
          MINIO_ACCESS_KEY: "mine",
          AWS_ACCESS_KEY_ID: "aws",
          AWS_SECRET_ACCESS_KEY: "geheim",
          AWS_SESSION_TOKEN: "token",
          AWS_REGION: "sa-east-1",
          AWS_ENDPOINT_URL_S3: "https://s3.example",
        })).s3,
      )
      assert.deepStrictEqual(
        [
          s3.accessKey,
          Redacted.value(s3.secretKey),
          Option.map(s3.sessionToken, Redacted.value),
          s3.region,
          s3.endpoint.origin,
        ],
        ["mine", "geheim", Option.some("token"), "sa-east-1", "https://s3.example"],
      )
    }),
  )

  it.effect("let DATABASE_URL go before libpq's variables, part by part", () =>
    Effect.gen(function* () {
      const { source } = yield* load({
        ...keys,
        DATABASE_URL: "postgres://ana@db/loja",
        PGHOST: "other",
        PGPORT: "6000",
        PGPASSWORD: "geheim",
      })
      assert.deepStrictEqual(
        [source.hosts, source.user, source.database, Option.map(source.password, Redacted.value)],
        [
          [{ host: Option.some("db"), hostAddress: Option.none(), port: 6000 }],
          Option.some("ana"),
          Option.some("loja"),
          Option.some("geheim"),
        ],
      )
    }),
  )

  it.effect("read LAKE_UMASK as octal, and refuse one that takes the lake from its own user", () =>
    Effect.gen(function* () {
      const folder = { LAKE_URL: "file:./lake" }
      assert.strictEqual((yield* load(folder)).lakeUmask, 0o027)
      for (const [text, umask] of [
        ["002", 0o002],
        ["0077", 0o077],
        ["22", 0o022],
        ["0", 0],
      ] as const) {
        assert.strictEqual((yield* load({ ...folder, LAKE_UMASK: text })).lakeUmask, umask)
      }
      for (const text of ["700", "127", "028", "-1", "u=rwx"]) {
        const [problem = ""] = yield* problems({ ...folder, LAKE_UMASK: text })
        assert.match(problem, /^LAKE_UMASK: three octal digits .* For example: LAKE_UMASK=027$/, text)
      }
    }),
  )

  it.effect("tell all problems together, each with its variable and an example", () =>
    Effect.gen(function* () {
      const found = yield* problems({
        DATABASE_URL: "mysql://x",
        PGPORT: "99999",
        PGSSLMODE: "maybe",
        SOURCE_TABLES: "cliente",
        REPLICATION_SLOT: "My Slot",
        POLL_INTERVAL: "soon",
        LAKE_URL: "s3://RAW",
        LAKE_UMASK: "0o27",
        LAKE_LAYOUT: "flat",
        MINIO_ENDPOINT: "localhost:9000",
        BATCH_MAX_CHANGES: "0",
        LOG_LEVEL: "loud",
        LOG_FORMAT: "xml",
        SOURCE_SESSION_POOLER: "yes",
      })
      const named = [
        "DATABASE_URL",
        "PGPORT",
        "PGSSLMODE",
        "SOURCE_TABLES",
        "REPLICATION_SLOT",
        "POLL_INTERVAL",
        "LAKE_URL",
        "LAKE_UMASK",
        "LAKE_LAYOUT",
        "MINIO_ENDPOINT",
        "BATCH_MAX_CHANGES",
        "LOG_LEVEL",
        "LOG_FORMAT",
        "SOURCE_SESSION_POOLER",
      ]
      for (const name of named) {
        assert.isTrue(
          found.some(
            (problem) => problem.startsWith(`${name}: `) && problem.includes(`For example: ${name}=`),
          ),
          name,
        )
      }
      assert.strictEqual(found.length, named.length)
    }),
  )

  it.effect("name the variable of AWS that is wrong, and only where it is used", () =>
    Effect.gen(function* () {
      const wrong = { ...keys, AWS_ENDPOINT_URL_S3: "s3.example" }
      assert.match((yield* problems(wrong)).join(), /^AWS_ENDPOINT_URL_S3: .*AWS_ENDPOINT_URL_S3=https:/)
      const { s3 } = yield* load({ ...wrong, MINIO_ENDPOINT: "http://minio:9000" })
      assert.strictEqual(Option.getOrThrow(s3).endpoint.origin, "http://minio:9000")
    }),
  )

  it.effect("take the words for the log in capitals too", () =>
    Effect.gen(function* () {
      const { logFormat, logLevel } = yield* load({ ...keys, LOG_FORMAT: "JSON", LOG_LEVEL: "DEBUG" })
      assert.deepStrictEqual([logFormat, logLevel], [Option.some("json"), "Debug"])
    }),
  )

  it.effect("ask for both keys of a bucket", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual((yield* problems({ MINIO_ACCESS_KEY: "key" })).length, 1)
      assert.include((yield* problems({}))[0], "MINIO_ACCESS_KEY, MINIO_SECRET_KEY: both are needed")
    }),
  )

  it.effect("end the program with 2", () =>
    Effect.gen(function* () {
      assert.strictEqual(Runtime.getErrorExitCode(yield* Effect.flip(load({}))), 2)
    }),
  )

  it.effect("never print a secret", () =>
    Effect.gen(function* () {
      const settings = yield* load({ ...keys, DATABASE_URL: "postgres://ana:geheim@db/loja" })
      assert.notInclude(JSON.stringify(settings), "geheim")
      assert.notInclude(
        String(yield* Effect.flip(load({ DATABASE_URL: "postgres://ana:geheim@db:x/loja" }))),
        "geheim",
      )
    }),
  )
})

describe("flags", () => {
  it("stand for the variable of their name", () => {
    assert.deepStrictEqual(
      asVariables({
        LAKE_URL: Option.some("file:./x"),
        LAKE_UMASK: Option.none(),
        BATCH_MAX_CHANGES: Option.some("5"),
      }),
      { LAKE_URL: "file:./x", BATCH_MAX_CHANGES: "5" },
    )
  })

  it("carry no secret and no address of the source, which other users of the machine would see", () => {
    const secret = settingSpecs.flatMap(([variable, { value }]) =>
      variable === "DATABASE_URL" || ("form" in value && value.form.includes("secret")) ? [variable] : [],
    )
    assert.isAtLeast(secret.length, 4)
    assert.deepStrictEqual(
      secret.filter((variable) => Object.hasOwn(settingFlags, variable)),
      [],
    )
  })
})

describe("the table of settings", () => {
  it.effect("gives examples that the program takes", () =>
    Effect.gen(function* () {
      const examples = Object.fromEntries(settingSpecs.map(([variable, { example }]) => [variable, example]))
      assert.strictEqual((yield* load(examples)).slot, "data_sync_slot")
    }),
  )

  it.effect("gives defaults that mean the same where they are set", () =>
    Effect.gen(function* () {
      const set = settingSpecs.flatMap(([variable, { fallback }]) =>
        fallback === undefined ? [] : [[variable, fallback]],
      )
      assert.deepStrictEqual(yield* load({ ...keys, ...Object.fromEntries(set) }), yield* load(keys))
    }),
  )

  it.effect("gives ranges whose ends are taken, and nothing beyond them", () =>
    Effect.gen(function* () {
      for (const [variable, { value }] of settingSpecs) {
        if (!("from" in value)) continue
        yield* load({ ...keys, [variable]: String(value.from) })
        yield* load({ ...keys, [variable]: String(value.to) })
        for (const beyond of [value.from - 1, value.to + 1])
          assert.lengthOf(yield* problems({ ...keys, [variable]: String(beyond) }), 1, variable)
      }
    }),
  )
})
