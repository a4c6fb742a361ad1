/** The program over TLS, to its source and to its lake: what works, and what a person is told where it does not. */
import { assert, layer } from "@effect/vitest"
import { Effect } from "effect"
import { TestCertificates } from "../../support/network/certificates.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { type ServerCertificate, tlsPostgres } from "../../support/postgres/tlsPostgres.ts"
import { checkHealed, endWriter, following, insert, once, openShop } from "../../support/program/following.ts"
import { openPipeline } from "../../support/program/pipeline.ts"
import { type Environment, type Outcome, runProgram } from "../../support/program/program.ts"
import { openMemoryS3 } from "../../support/s3/memoryS3.ts"
import { scriptedS3 } from "../../support/s3/scriptedS3.ts"

/** Some rows more than fit into one TLS record or socket buffer. */
const rows = 5000
const setup = `CREATE TABLE public.t (id integer PRIMARY KEY, v text);
  INSERT INTO public.t SELECT n, repeat('ção', 100) FROM generate_series(1, ${rows}) AS n`

/** One error line, and none that tells of another try. */
const assertTold = ({ code, stderr }: Outcome, words: RegExp) => {
  assert.strictEqual(code, 2, stderr)
  assert.match(stderr, words)
  assert.deepStrictEqual(stderr.match(/level=(WARN|ERROR)/g), ["level=ERROR"], stderr)
}

const sourceSettings = Effect.fnUntraced(function* (url: string, sslMode: string) {
  const { authority } = yield* TestCertificates
  const settings: Environment = { DATABASE_URL: `${url}?sslmode=${sslMode}`, PGSSLROOTCERT: authority }
  return settings
})

layer(TestCertificates.layer, { excludeTestServices: true })("over TLS", (it) => {
  it.layer(tlsPostgres("server"))("a source", (it) => {
    it.effect("is copied and followed under verify-full", () =>
      Effect.gen(function* () {
        const { database, sql, environment, lake, createSlot } = yield* openPipeline({
          setup,
          tables: "public.t",
        })
        yield* createSlot
        const settings = { ...environment, ...(yield* sourceSettings(database.url, "verify-full")) }
        const full = yield* runProgram(["full"], settings)
        yield* sql("UPDATE public.t SET v = 'x'")
        const cdc = yield* runProgram(["cdc", "--once"], settings)
        assert.deepStrictEqual([full.code, cdc.code], [0, 0], full.stderr + cdc.stderr)
        const [manifest] = yield* lake.manifests()
        assert.deepStrictEqual([manifest?.rows, (yield* lake.allRecords("inc/")).length], [rows, rows])
      }),
    )

    it.effect("is followed again after its session was ended", () =>
      Effect.gen(function* () {
        const shop = yield* openShop()
        const program = yield* following(shop, yield* sourceSettings(shop.database.url, "verify-full"))
        yield* endWriter(shop.sql)
        yield* insert(shop, 2)
        yield* checkHealed(shop, program, once)
      }),
    )
  })

  for (const [which, what, words] of [
    ["stranger", "of another authority", /authority that is not known.*PGSSLROOTCERT/],
    ["otherHost", "for another host", /for another host \(.*127\.0\.0\.1/],
    ["expired", "that has expired", /its certificate has expired/],
  ] as const satisfies ReadonlyArray<readonly [ServerCertificate, string, RegExp]>) {
    it.effect(`a source with a certificate ${what} ends full at once with 2`, () =>
      Effect.gen(function* () {
        const { database, environment } = yield* openPipeline({ setup: "", tables: "public.t" })
        const settings = yield* sourceSettings(database.url, "verify-full")
        assertTold(yield* runProgram(["full"], { ...environment, ...settings }), words)
      }).pipe(Effect.provide(tlsPostgres(which))),
    )
  }

  it.layer(TestPostgres.shared)("a lake", (it) => {
    const open = Effect.fnUntraced(function* (which?: ServerCertificate) {
      const certificates = yield* TestCertificates
      const pipeline = yield* openPipeline({ setup, tables: "public.t" })
      const s3 = yield* openMemoryS3(which === undefined ? undefined : certificates[which])
      const run = (args: ReadonlyArray<string>, settings: Environment = {}) =>
        runProgram(args, { ...pipeline.environment, ...s3.environment, ...settings })
      return { ...pipeline, s3, run, trusting: { NODE_EXTRA_CA_CERTS: certificates.authority } }
    })

    it.effect("of an authority of one's own is written with NODE_EXTRA_CA_CERTS", () =>
      Effect.gen(function* () {
        const { run, trusting, s3, createSlot, sql } = yield* open("server")
        yield* createSlot
        yield* sql("DELETE FROM public.t WHERE id = 1")
        for (const args of [["full"], ["cdc", "--once"]]) {
          const { code, stderr } = yield* run(args, trusting)
          assert.strictEqual(code, 0, stderr)
        }
        assert.deepStrictEqual(
          (yield* s3.keys).map((key) => key.replace(/\d{8}/g, "…").replace(/…_\d{6}/, "…")),
          [
            "full/date=…/_full_t_….json",
            "full/date=…/full_t_….csv",
            "inc/_fence_probe",
            "inc/_watermark.txt",
            "inc/date=…/_schema_t_….json",
            "inc/date=…/cdc_….csv",
          ],
        )
      }),
    )

    it.effect("of an authority that is not known ends with 2 and names NODE_EXTRA_CA_CERTS", () =>
      Effect.gen(function* () {
        const { run } = yield* open("server")
        assertTold(yield* run(["full"]), /authority that is not known.*NODE_EXTRA_CA_CERTS/)
      }),
    )

    for (const [which, what, words] of [
      ["otherHost", "for another host", /its certificate is for another host \(.*127\.0\.0\.1/],
      ["expired", "that has expired", /its certificate has expired; have it renewed/],
    ] as const) {
      it.effect(`with a certificate ${what} ends with 2`, () =>
        Effect.gen(function* () {
          const { run, trusting } = yield* open(which)
          assertTold(yield* run(["full"], trusting), words)
        }),
      )
    }

    it.effect("that speaks no TLS ends with 2 where https:// was asked for", () =>
      Effect.gen(function* () {
        const { run, s3 } = yield* open()
        const endpoint = s3.options.endpoint.replace("http:", "https:")
        assertTold(
          yield* run(["full"], { MINIO_ENDPOINT: endpoint }),
          /it does not speak TLS on this port.*Check MINIO_ENDPOINT/,
        )
      }),
    )

    it.effect("that speaks TLS ends with 2 where http:// was asked for, as MinIO answers it", () =>
      Effect.gen(function* () {
        const { run } = yield* open()
        const raw = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
        const { options } = yield* scriptedS3(() => ({ raw }))
        assertTold(
          yield* run(["full"], { MINIO_ENDPOINT: options.endpoint }),
          /it speaks TLS on this port; write https:\/\//,
        )
      }),
    )
  })
})
