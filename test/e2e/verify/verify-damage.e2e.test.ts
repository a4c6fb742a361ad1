/** What `verify` says of a lake that was damaged on purpose. */
import { createHash } from "node:crypto"
import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { gzipSync } from "node:zlib"
import { assert, layer } from "@effect/vitest"
import { Context, Effect, Layer } from "effect"
import { openLakeFolder } from "../../support/lake/lakeFolder.ts"
import { TestPostgres } from "../../support/postgres/postgres.ts"
import { openPipeline, type Pipeline } from "../../support/program/pipeline.ts"
import { runProgram } from "../../support/program/program.ts"

/**
 * Rows 1 to 3 are in `full`; 4 and 5 come in `inc`, and 1 and 2 are changed and deleted there. Made once: each test damages
 * a copy of the lake.
 */
class Shop extends Context.Service<Shop>()("afluente/test/Shop", {
  make: Effect.gen(function* () {
    const pipeline = yield* openPipeline({
      setup: `CREATE TABLE public.t (id integer PRIMARY KEY, v text, "Outra" text);
        INSERT INTO public.t VALUES (1, 'one', 'x'), (2, 'two', 'secret'), (3, 'three', NULL)`,
      tables: "public.t",
    })
    yield* pipeline.createSlot
    yield* pipeline.run("full")
    yield* pipeline.sql(`INSERT INTO public.t VALUES (4, 'four', NULL), (5, 'five', 'x');
      UPDATE public.t SET v = 'uno' WHERE id = 1`)
    yield* pipeline.sql("DELETE FROM public.t WHERE id = 2")
    yield* pipeline.run("cdc", "--once")
    yield* pipeline.sql(
      "UPDATE public.t SET v = 'cinco' WHERE id = 5; INSERT INTO public.t VALUES (6, 'six', NULL)",
    )
    yield* pipeline.run("cdc", "--once")
    return pipeline
  }),
}) {}

const madeShop = Layer.effect(Shop, Shop.make).pipe(Layer.provideMerge(TestPostgres.shared))

/** A lake to be damaged, and the names of its objects. */
const shop = Effect.gen(function* () {
  const { lake: whole, environment } = yield* Shop
  const lake = yield* openLakeFolder
  yield* Effect.promise(() => cp(whole.folder, lake.folder, { recursive: true }))
  const keys = yield* lake.keys
  const objects = {
    full: keys.find((key) => /^full.*\.csv$/.test(key)) ?? "",
    manifest: keys.find((key) => key.endsWith(".json")) ?? "",
    /** Four rows, then two. */
    inc: keys.filter((key) => /^inc.*\.csv$/.test(key)),
  }
  assert.lengthOf(objects.inc, 2)
  const run = (...args: ReadonlyArray<string>) => runProgram(args, { ...environment, LAKE_URL: lake.url })
  return { pipeline: { lake, run }, objects }
})

type Damaged = Pick<Pipeline, "lake" | "run">

const at = (pipeline: Damaged, key: string) => join(pipeline.lake.folder, key)

const rewrite = (pipeline: Damaged, key: string, change: (text: string) => string) =>
  Effect.promise(async () => {
    const text = await readFile(at(pipeline, key), "utf8")
    const changed = change(text)
    assert.notStrictEqual(changed, text, "the damage did nothing")
    await writeFile(at(pipeline, key), changed)
  })

const put = (pipeline: Damaged, key: string, text: string | Uint8Array) =>
  Effect.promise(async () => {
    await mkdir(dirname(at(pipeline, key)), { recursive: true })
    await writeFile(at(pipeline, key), text)
  })

const remove = (pipeline: Damaged, key: string) => Effect.promise(() => rm(at(pipeline, key)))

/** Without the `n`th line, the header being line 0. */
const without = (n: number) => (text: string) => text.split("\n").toSpliced(n, 1).join("\n")
const line = (text: string, n: number) => text.split("\n")[n] ?? ""

/** The findings, without the dataset; exit code 4 and no value of a row in anything that was said. */
const findings = Effect.fnUntraced(function* (pipeline: Damaged, code = 4) {
  const outcome = yield* pipeline.run("verify")
  const said = outcome.stdout + outcome.stderr
  assert.strictEqual(outcome.code, code, said)
  for (const value of ["secret", "uno", "cinco", "three"]) assert.notInclude(said, value)
  return outcome.stdout
    .split("\n")
    .filter((one) =>
      /^t {2}(missing|extra|different|twice|order|header|row|manifest|lost|name|ignored)/.test(one),
    )
    .map((one) => one.slice(3).replace(/ {2,}/g, " "))
})

layer(madeShop, { excludeTestServices: true, concurrent: true })("verify, of a damaged lake", (it) => {
  it.effect("says nothing of one that is whole", () =>
    Effect.gen(function* () {
      const { pipeline } = yield* shop
      assert.deepStrictEqual(yield* findings(pipeline, 0), [])
    }),
  )

  it.effect("names the key of an insert that was taken out of inc", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      yield* rewrite(pipeline, objects.inc[0] ?? "", without(1))
      assert.deepStrictEqual(yield* findings(pipeline), ["missing id=4"])
    }),
  )

  it.effect("does not make up for a loss by what the slot still holds and no writer will write", () =>
    Effect.gen(function* () {
      const pipeline = yield* openPipeline({
        setup: "CREATE TABLE public.t (id integer PRIMARY KEY)",
        tables: "public.t",
      })
      yield* pipeline.createSlot
      yield* pipeline.run("full")
      yield* pipeline.sql("INSERT INTO public.t VALUES (7)")
      // As after a crash of the server: the slot has fallen back, and the watermark says that the lake has it.
      const [log] = yield* pipeline.sql("SELECT pg_current_wal_lsn() AS position")
      yield* put(pipeline, "inc/_watermark.txt", `${log?.["position"]}\n`)
      assert.deepStrictEqual(yield* findings(pipeline), ["missing id=7"])
    }),
  )

  it.effect("names what an object that is gone had told, and the object where the watermark knows it", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      yield* remove(pipeline, objects.inc[1] ?? "")
      assert.deepStrictEqual(yield* findings(pipeline), [
        `lost ${objects.inc[1]} the watermark names it, and it is missing: reported until it is restored, or the next one is written`,
        "different id=5 in v",
        "missing id=6",
      ])
    }),
  )

  for (const [what, belongsTo, change] of [
    [
      "watermark",
      "watermark",
      // One without an epoch was put there by a person, and counts.
      (text: string) => text.replace(/(system_identifier=)\d+/, "$19").replace(/^epoch=.*\n/m, ""),
    ],
    ["full", "manifest", (text: string) => text.replace(/("system_identifier": ")\d+/, "$19")],
  ] as const) {
    it.effect(`refuses the ${what} of another server and copies no table`, () =>
      Effect.gen(function* () {
        const { pipeline, objects } = yield* shop
        const key = belongsTo === "manifest" ? objects.manifest : "inc/_watermark.txt"
        yield* rewrite(pipeline, key, change)
        const { code, stderr } = yield* pipeline.run("verify")
        assert.strictEqual(code, 3, stderr)
        assert.match(stderr, /Point the program at the source/)
        assert.notMatch(stderr, /tables copied.* rows=[1-9]/)
      }),
    )
  }

  it.effect("notes a name in a header that no copy and no column has, which is no proof of damage", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      const [, second = ""] = objects.inc
      yield* pipeline.run("full")
      yield* rewrite(pipeline, second, (text) => text.replace(",v,", ",w x,"))
      const { code, stdout } = yield* pipeline.run("verify")
      assert.strictEqual(code, 0, stdout)
      assert.include(stdout, `t  unknown    "w x"  in ${second}\n`)
      const { tables } = JSON.parse((yield* pipeline.run("verify", "--json")).stdout)
      assert.deepStrictEqual(tables[0].unknown, [{ column: "w x", object: second }])
    }),
  )

  it.effect("reads older copies where it is asked to", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      yield* pipeline.run("full")
      assert.strictEqual((yield* pipeline.run("verify", "--all")).code, 0)
      yield* rewrite(pipeline, objects.full, (text) => text.replace("three", "tHree"))
      assert.deepStrictEqual(yield* findings(pipeline, 0), [])
      const { code, stdout } = yield* pipeline.run("verify", "--all")
      assert.strictEqual(code, 4)
      assert.match(
        stdout,
        new RegExp(`^t  manifest +${objects.full}  its md5 is \\w+, its manifest says`, "m"),
      )
    }),
  )

  it.effect("names both objects of a change that stands twice", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      const [first = "", second = ""] = objects.inc
      const text = yield* pipeline.lake.text(first)
      const later = "inc/date=20990101/cdc_20990101_000000.csv"
      yield* put(pipeline, later, `${line(text, 0)}\n${line(text, 1)}\n`)
      const [, lsn, seq] = line(text, 1).split(",")
      assert.deepStrictEqual(yield* findings(pipeline), [
        `twice ${lsn} ${seq} in ${first} row 1, ${later} row 1`,
      ])
      yield* remove(pipeline, later)
      yield* rewrite(pipeline, second, (told) => told + line(told, 1).concat("\n"))
      assert.include((yield* findings(pipeline))[0] ?? "", `in ${second} row 1, ${second} row 3`)
    }),
  )

  it.effect("tells by the manifest that full was changed, and which row differs for it", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      const md5 = (text: string) => createHash("md5").update(text).digest("hex")
      const was = md5(yield* pipeline.lake.text(objects.full))
      yield* rewrite(pipeline, objects.full, (text) => text.replace("three", "thref"))
      const is = md5(yield* pipeline.lake.text(objects.full))
      assert.deepStrictEqual(yield* findings(pipeline), [
        `manifest ${objects.full} its md5 is ${is}, its manifest says ${was}`,
        "different id=3 in v",
      ])
    }),
  )

  it.effect("names the columns of a value that was changed in inc, and NULL that became ''", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      yield* rewrite(pipeline, objects.inc[1] ?? "", (text) =>
        text.replace("cinco", "cinci").replace(/six,$/m, 'sax,""'),
      )
      assert.deepStrictEqual(yield* findings(pipeline), [
        "different id=5 in v",
        'different id=6 in v, "Outra"',
      ])
    }),
  )

  it.effect("names a row that the table has not", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      const text = yield* pipeline.lake.text(objects.inc[1] ?? "")
      const row = line(text, 2)
        .replace(/,(\d+),/, ",9,")
        .replace(",6,", ",99,")
      yield* rewrite(pipeline, objects.inc[1] ?? "", (told) => `${told}${row}\n`)
      assert.deepStrictEqual(yield* findings(pipeline), ["extra id=99"])
    }),
  )

  it.effect("names an object that does not begin with our columns, and what is missing for it", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      yield* rewrite(pipeline, objects.inc[1] ?? "", (text) => text.replace("_op,_lsn", "_lsn,_op"))
      assert.deepStrictEqual(yield* findings(pipeline), [
        `header ${objects.inc[1]} it does not begin with _op,_lsn,_seq,_xid,_commit_ts,_before,_unchanged`,
        "different id=5 in v",
        "missing id=6",
      ])
    }),
  )

  it.effect("holds a manifest to its object's rows and size", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      yield* rewrite(pipeline, objects.manifest, (text) =>
        text.replaceAll('"rows": 3', '"rows": 4').replaceAll(/"bytes": \d+/g, '"bytes": 7'),
      )
      const { length } = yield* pipeline.lake.read(objects.full)
      assert.deepStrictEqual(yield* findings(pipeline), [
        `manifest ${objects.full} it has ${length} bytes, its manifest says 7`,
        `manifest ${objects.full} it has 3 rows, its manifest says 4`,
      ])
    }),
  )

  it.effect("lists what no reader counts, which is no difference", () =>
    Effect.gen(function* () {
      const { pipeline } = yield* shop
      const others = ["full/date=20990101/full_t_20990101_000000.csv", "inc/date=20990101/notes.txt"]
      for (const key of others) yield* put(pipeline, key, "x\n")
      assert.deepStrictEqual(
        yield* findings(pipeline, 0),
        others.map((key) => `ignored ${key}`),
      )
    }),
  )

  it.effect("names a manifest whose object is gone, and one that cannot be read", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      const broken = "full/date=20990101/_full_t_20990101_000000.json"
      yield* put(pipeline, broken, "{")
      yield* remove(pipeline, objects.full)
      assert.deepStrictEqual(yield* findings(pipeline), [
        `lost ${objects.full} its manifest ${objects.manifest} exists, the object does not`,
        `manifest ${broken} it cannot be read`,
      ])
    }),
  )

  it.effect("names rows that stand before those that were committed earlier", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      const [first = "", second = ""] = objects.inc
      const [a, b] = [yield* pipeline.lake.text(first), yield* pipeline.lake.text(second)]
      yield* put(pipeline, first, b)
      yield* put(pipeline, second, a)
      assert.deepStrictEqual(yield* findings(pipeline), [
        `order ${second} row 1 comes after rows that were committed later`,
      ])
    }),
  )

  it.effect("names rows that are cut short, or were never ours", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      const [first = "", second = ""] = objects.inc
      const text = yield* pipeline.lake.text(second)
      for (const damaged of [
        text.slice(0, -3),
        text.replace(/^U/m, "X"),
        text.replace(/^U,/m, 'U,"'),
        `${text}\0\xff\n`,
      ]) {
        yield* put(pipeline, second, damaged)
        assert.include((yield* findings(pipeline))[0] ?? "", `row ${second} row `)
      }
      yield* put(pipeline, second, text)
      yield* rewrite(pipeline, first, (told) => told.replace("four", "fo\0ur"))
      assert.deepStrictEqual(yield* findings(pipeline), ["different id=4 in v"])
    }),
  )

  it.effect("names a compressed object that cannot be unpacked", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      const second = objects.inc[1] ?? ""
      const packed = gzipSync(yield* pipeline.lake.read(second))
      yield* remove(pipeline, second)
      yield* put(pipeline, `${second}.gz`, packed.subarray(0, -12))
      const found = yield* findings(pipeline)
      assert.isTrue(
        found.some((one) => one.startsWith(`row ${second}.gz row `)),
        found.join("\n"),
      )
    }),
  )

  it.effect("refuses a lake of another source", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      yield* rewrite(pipeline, objects.manifest, (text) =>
        text.replace(/"system_identifier": "\d+"/, '"system_identifier": "7"'),
      )
      assert.deepStrictEqual(yield* findings(pipeline, 3), [])
    }),
  )

  it.effect("tells programs of differences by kind, key and columns", () =>
    Effect.gen(function* () {
      const { pipeline, objects } = yield* shop
      yield* rewrite(pipeline, objects.inc[1] ?? "", (text) => text.replace("cinco", "cinci"))
      const { code, stdout } = yield* pipeline.run("verify", "--json")
      const { tables, equal } = JSON.parse(stdout)
      assert.deepStrictEqual(
        [code, equal, tables[0].findings],
        [4, false, [{ kind: "different", key: { id: "5" }, columns: ["v"] }]],
      )
    }),
  )
})
