/** Watermarks, manifests and keys as the program writes them, drawn from a seed. */
import { Option } from "effect"
import * as Lsn from "../../src/core/Lsn.ts"
import * as Manifest from "../../src/core/lake/Manifest.ts"
import {
  manifestKey,
  type ObjectName,
  objectKey,
  type Stamp,
  watermarkKey,
} from "../../src/core/lake/ObjectKey.ts"
import * as Watermark from "../../src/core/lake/Watermark.ts"
import { Random } from "../../test/support/Random.ts"
import type { FileKind } from "./FileCheck.ts"
import type { Material } from "./Mutation.ts"

const names = [
  ...[
    "loja",
    "db_loja.cliente",
    '"Minha ""loja""".cliente',
    "a=b",
    " a ",
    "x 7",
    "é€😀",
    "\u2028",
    "\u0085",
    "\ufeff",
  ],
  ...["a\rb", "a\tb", "%0A", "\\n", "public.t 1", "__proto__", "\u2029 1"],
]
const datasets = ["clientes", "a", "_", "full_a", "cdc", "x-y_1", "date", "20251103_101540", "__proto__"]
const seconds = ["20251103_101540", "20240229_235959", "20251231_235959", "20000101_000000"]
const times = ["2025-11-03 10:15:40.001234+00", "12025-01-01 00:00:00+00", "2025-11-03 10:15:40-03:30"]

const lsnOf = (random: Random): Lsn.Lsn =>
  Lsn.Lsn.make(random.once(2) ? BigInt(random.below(2 ** 31)) : BigInt(random.below(2 ** 31)) << 33n)

const stampOf = (random: Random): Stamp => ({
  second: random.pick(seconds),
  count: random.once(2) ? 1 : 1 + random.below(9999),
})

const nameOf = (random: Random): ObjectName => ({
  stamp: stampOf(random),
  ending: random.once(3) ? ".csv.gz" : ".csv",
})

const keyOf = (random: Random): string => {
  const { stamp, ending } = nameOf(random)
  const [area, layout] = [random.pick(["full", "inc"] as const), random.pick(["single", "datasets"] as const)]
  return objectKey(area, layout, random.pick(datasets), stamp, ending)
}

const some = <A>(random: Random, value: A): Option.Option<A> =>
  random.once(4) ? Option.none() : Option.some(value)

/** Each dataset once, some of them. */
const byDataset = <A>(random: Random, draw: () => A): ReadonlyMap<string, A> =>
  new Map(Array.from({ length: random.below(4) }, () => [random.pick(datasets), draw()] as const))

const watermarkOf = (random: Random): Watermark.Watermark => ({
  position: lsnOf(random),
  slot: some(random, "data_sync_slot"),
  database: some(random, random.pick(names)),
  systemIdentifier: some(random, "7423642870011110000"),
  timeline: some(random, 1 + random.below(9)),
  layout: some(random, random.pick(["single", "datasets"])),
  root: some(random, random.pick(datasets)),
  writtenAt: some(random, "2025-11-03T10:15:40.123Z"),
  lastCommit: some(random, { lsn: lsnOf(random), xid: random.below(2 ** 32), at: random.pick(times) }),
  epoch: some(random, random.below(100)),
  writer: some(random, "6f1c9a52-3c5e-4a58-9d0c-2a7b7f0f7a11"),
  next: some(random, nameOf(random)),
  clean: some(random, random.once(2)),
  objects: byDataset(random, () => keyOf(random)),
  schemas: byDataset(random, () => keyOf(random)),
  files: byDataset(random, () => ({
    file: `${random.below(2 ** 32)}`,
    columns: random.below(2 ** 32).toString(16),
  })),
  tables: byDataset(random, () => ({
    name: random.pick(names),
    oid: random.below(2 ** 32),
  })),
  masked: byDataset(random, () => ({
    names: [random.pick(names)],
    oids: [random.below(2 ** 32)],
    oid: null,
    columns: { 3: random.pick(names) },
  })),
  leaves: byDataset(random, () => ({
    count: random.below(1000),
    hash: random
      .below(2 ** 32)
      .toString(16)
      .padStart(16, "0"),
    snapshot: `${random.below(1000)}:${1000 + random.below(1000)}:${random.pick(["", "7", "7,2000"])}`,
  })),
  from: byDataset(random, () => ({
    lsn: lsnOf(random),
    since: some(random, {
      xid: BigInt(random.below(2 ** 31)) << BigInt(random.below(33)),
      reason: random.pick(Watermark.fromReasons),
    }),
  })),
  masks: byDataset(random, () =>
    random
      .below(2 ** 32)
      .toString(16)
      .padStart(64, "0"),
  ),
  catalog: byDataset(random, () => ({
    table: random.below(2 ** 32),
    schema: random.below(2 ** 32),
    endedBelow: BigInt(random.below(2 ** 31)) << BigInt(random.below(33)),
  })),
  left: byDataset(random, () => lsnOf(random)),
})

const objectOf = (random: Random): Manifest.CopiedObject => ({
  object: keyOf(random),
  rows: random.below(2 ** 31),
  bytes: random.below(2 ** 31),
  md5: "d41d8cd98f00b204e9800998ecf8427e",
  ...(random.once(2) && { partition: random.pick(names) }),
})

const manifestOf = (random: Random): Manifest.Manifest =>
  Manifest.manifestOf(copyOf(random), [
    objectOf(random),
    ...Array.from({ length: random.below(3) }, () => objectOf(random)),
  ])

const copyOf = (random: Random) => ({
  table: random.pick(names),
  dataset: random.pick(datasets),
  columns: Array.from({ length: random.below(4) }, () => ({
    name: random.pick(names),
    type: random.pick(["integer", "text", 's."My]Type"']),
    nullable: random.once(2),
  })),
  primary_key: random.once(2) ? [] : [random.pick(names)],
  snapshot: "731:734:731,733",
  lsn: Lsn.print(lsnOf(random)),
  slot: "data_sync_slot",
  database: random.pick(names),
  system_identifier: "7423642870011110000",
  started_at: "2025-11-03T10:15:30.123Z",
  finished_at: "2025-11-03T10:15:31.456Z",
})

const draw: Readonly<Record<FileKind, (random: Random) => string>> = {
  watermark: (random) => Watermark.print(watermarkOf(random)),
  manifest: (random) => Manifest.print(manifestOf(random)),
  key: (random) =>
    random.once(20) ? random.pick([watermarkKey, manifestKey(keyOf(random))]) : keyOf(random),
}

const unicode = ["é", "😀", "\u2028", "\u2029", "\u0085", "\ufeff", "\ud800", "\0"]

const words: Readonly<Record<FileKind, ReadonlyArray<string>>> = {
  watermark: [
    ...[
      "\n",
      "\r\n",
      "\r",
      "=",
      ".",
      " ",
      "0/0",
      "0/016b3748",
      "FFFFFFFF/FFFFFFFF",
      "clean=yes\n",
      "clean=no\n",
    ],
    ...[
      "epoch=",
      "epoch=03\n",
      "object.clientes=",
      "table.",
      "from.a=0/0 7 new\n",
      "left.",
      "next=",
      "layout=",
    ],
    ...["4294967296", "18446744073709551616", "-1", "00", ...unicode],
  ],
  manifest: [
    ...['"', "{", "}", "[", "]", ",", ":", "null", "true", "1e3", "-1", "1.5", "1e400", "9007199254740993"],
    ...['"rows": 1,', '"__proto__": {},', "\\u0000", "\\ud800", ...unicode],
  ],
  key: [
    ...[
      "/",
      "/date=20251103/",
      "full/",
      "inc/",
      "full_",
      "cdc_",
      "_0001",
      "_0000",
      "_0002",
      "_9999",
      ".csv",
      ".csv.gz",
    ],
    ...[
      "20251103_101540",
      "99991231_235959",
      "00000000_000000",
      "20250229_101540",
      "_",
      "-",
      "\n",
      ...unicode,
    ],
  ],
}

const drawnCount = 400

/** The same for the same seed. */
export const fileMaterial = (kind: FileKind, seed: number): Material => {
  const random = new Random(seed)
  return { corpus: Array.from({ length: drawnCount }, () => draw[kind](random)), words: words[kind] }
}

/** One with every key. */
export const wholeWatermark = (): string => {
  const random = new Random(1)
  const filled = <A>(value: () => A) => new Map([["a", value()]])
  return Watermark.print({
    ...watermarkOf(random),
    slot: Option.some("s"),
    database: Option.some("d"),
    systemIdentifier: Option.some("1"),
    timeline: Option.some(1),
    layout: Option.some("single"),
    writtenAt: Option.some("2025-11-03T10:15:40.123Z"),
    lastCommit: Option.some({ lsn: Lsn.zero, xid: 1, at: "2025-11-03 10:15:40+00" }),
    epoch: Option.some(1),
    writer: Option.some("6f1c9a52-3c5e-4a58-9d0c-2a7b7f0f7a11"),
    next: Option.some(nameOf(random)),
    clean: Option.some(true),
    objects: filled(() => keyOf(random)),
    tables: filled(() => ({ name: "public.t", oid: 1 })),
    from: filled(() => ({ lsn: Lsn.zero, since: Option.none() })),
    left: filled(() => Lsn.zero),
    root: Option.some("a"),
    catalog: filled(() => ({ table: 1, schema: 1, endedBelow: 1n })),
    files: filled(() => ({ file: "1", columns: "1" })),
    schemas: filled(() => keyOf(random)),
    masks: filled(() => "0".repeat(64)),
    masked: filled(() => ({ names: [], oids: [], oid: null, columns: {} })),
    leaves: filled(() => ({ count: 1, hash: "0".repeat(16), snapshot: "1:1:" })),
  })
}
