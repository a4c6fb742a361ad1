import * as fs from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join, relative } from "node:path"
import { afterAll, assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Option } from "effect"
import { readError, writeError } from "../../layers/folder/FolderErrors.ts"
import { entriesOf, walk } from "../../layers/folder/FolderListing.ts"
import * as FolderObjectStore from "../../layers/folder/FolderObjectStore.ts"
import type { FolderFiles } from "../../layers/folder/HiddenFile.ts"
import { ObjectStore } from "../../src/services/lake/ObjectStore.ts"
import { StoreAdmin } from "../../src/services/lake/StoreAdmin.ts"
import type { StoreError } from "../../src/services/lake/StoreError.ts"
import { eventually } from "../support/eventually.ts"
import { keysOf, objectStoreContract, readAll, write } from "./objectStoreContract.ts"

const base = await fs.mkdtemp(join(tmpdir(), "afluente-folder-"))
afterAll(() => fs.rm(base, { recursive: true }))

const filesIn = async (folder: string): Promise<ReadonlyArray<string>> => {
  const entries = await fs.readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
}
const hiddenOf = async (folder: string) => (await filesIn(folder)).filter((name) => name.startsWith("."))
const hiddenIn = (folder: string) => Effect.promise(() => hiddenOf(folder))

objectStoreContract({
  name: "folder",
  layer: FolderObjectStore.layer(join(base, "made", "when", "needed")),
  leftovers: hiddenIn(base),
})

const noLinks: FolderFiles = {
  open: fs.open,
  link: () =>
    Promise.reject(Object.assign(new Error("EPERM: operation not permitted, link"), { code: "EPERM" })),
}
/** A disk that takes `room` bytes and then is full, half-way through a write, as a real one. */
const smallDisk = (room: number): FolderFiles => ({
  link: fs.link,
  open: async (path, flags) => {
    const file = await fs.open(path, flags)
    const writeAt = file.write.bind(file) as (
      bytes: Uint8Array,
      offset: number,
      length: number,
    ) => Promise<{ bytesWritten: number }>
    return Object.assign(file, {
      write: async (bytes: Uint8Array, offset: number, length: number) => {
        if (room === 0) {
          throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" })
        }
        const written = await writeAt(bytes, offset, Math.min(length, room))
        room -= written.bytesWritten
        return written
      },
    })
  },
})

const storeIn = (folder: string, files?: FolderFiles, umask?: number) =>
  Effect.provide(ObjectStore, FolderObjectStore.layer(folder, files, umask))

const adminOf = (folder: string, umask?: number) =>
  Effect.provide(StoreAdmin, FolderObjectStore.layer(folder, fs, umask))

describe("FolderObjectStore", () => {
  it.live("says that the disk is full and leaves nothing of the object", () =>
    Effect.gen(function* () {
      const folder = join(base, "full")
      const lake = FolderObjectStore.layer(folder, smallDisk(2_345_678))
      const error = yield* Effect.flip(
        Effect.provide(write("a/1.csv", new Uint8Array(5_000_000), 4096), lake),
      )
      assert.strictEqual(error.reason, "Full")
      assert.isTrue(error.isRetryable)
      assert.deepStrictEqual(yield* Effect.promise(() => filesIn(folder)), [])
    }),
  )

  it.live("never makes an object visible of which a piece could not be written", () =>
    Effect.gen(function* () {
      const store = yield* storeIn(join(base, "hole"), smallDisk(1_500_000))
      yield* Effect.scoped(
        Effect.gen(function* () {
          const writer = yield* store.create("1.csv")
          yield* Effect.flip(writer.write(new Uint8Array(3_000_000)))
          assert.strictEqual((yield* Effect.flip(writer.commit)).reason, "Full")
        }),
      )
    }),
  )

  it.live("keeps what stood there when a replacement does not fit", () =>
    Effect.gen(function* () {
      const folder = join(base, "replace")
      const store = yield* storeIn(folder, smallDisk(8))
      yield* store.put("mark.txt", Buffer.from("old"))
      assert.strictEqual(
        (yield* Effect.flip(store.put("mark.txt", Buffer.from("newer mark")))).reason,
        "Full",
      )
      const kept = yield* Effect.provide(readAll("mark.txt"), FolderObjectStore.layer(folder))
      assert.strictEqual(String(kept), "old")
    }),
  )

  // A regular file stops everybody, root too, whom no permission stops.
  it.live("says at its check that a folder below a regular file cannot be written", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() => fs.writeFile(join(base, "plain"), ""))
      for (const folder of [join(base, "plain"), join(base, "plain", "lake")]) {
        const store = yield* storeIn(folder)
        const error = yield* Effect.flip(store.check("inc"))
        assert.strictEqual(error.reason, "InTheWay")
        assert.include(error.message, folder)
      }
    }),
  )

  it.live("says at its check that a folder on a file system that takes none cannot be made", () =>
    Effect.gen(function* () {
      // Nobody makes a folder there, not even root: macOS refuses it in /, Linux in /proc, with an ENOENT that Node's
      // recursive `mkdir` takes for a missing parent, for ever.
      const { check } = yield* storeIn("/proc/afluente/lake")
      assert.include(["NotWritable", "NotFound"], (yield* Effect.flip(check("inc"))).reason)
    }),
  )

  it.live("is checked where it will be written, and makes no folder for that", () =>
    Effect.gen(function* () {
      const folder = join(base, "areas")
      yield* Effect.promise(() => fs.mkdir(join(folder, "inc"), { recursive: true }))
      const asked: Array<string> = []
      const open = (path: string, flags: string) => {
        asked.push(relative(folder, dirname(path)))
        return fs.open(path, flags)
      }
      const store = yield* storeIn(folder, { open, link: fs.link })
      yield* store.check("inc")
      yield* store.check("full")
      assert.deepStrictEqual(asked, ["inc", ""])
      assert.deepStrictEqual(yield* Effect.promise(() => fs.readdir(folder, { recursive: true })), ["inc"])
    }),
  )

  it.live("proves at its check that the disk takes bytes", () =>
    Effect.gen(function* () {
      const store = yield* storeIn(join(base, "no-room"), smallDisk(0))
      assert.strictEqual((yield* Effect.flip(store.check("inc"))).reason, "Full")
    }),
  )

  it.live("tells who prepares it whether the folder was missing", () =>
    Effect.gen(function* () {
      const admin = yield* adminOf(join(base, "new", "lake"))
      assert.isTrue(yield* admin.prepare)
      assert.isFalse(yield* admin.prepare)
    }),
  )

  it.live("lists neither files that crashed runs left nor empty folders, links and other things", () =>
    Effect.gen(function* () {
      const folder = join(base, "leftovers")
      yield* Effect.promise(async () => {
        await fs.mkdir(join(folder, "inc", "date=20251103"), { recursive: true })
        await fs.mkdir(join(folder, "inc", ".hidden"))
        await fs.writeFile(join(folder, "inc", ".afluente-crashed.part"), "half")
        await fs.writeFile(join(folder, "inc", ".hidden", "1.csv"), "x")
        await fs.symlink(join(folder, "inc", "1.csv"), join(folder, "inc", "link.csv"))
        await fs.writeFile(join(folder, "inc", "1.csv"), "x")
      })
      const keys = yield* Effect.provide(keysOf(""), FolderObjectStore.layer(folder))
      assert.deepStrictEqual(keys, ["inc/1.csv"])
    }),
  )

  it.live("lists by prefix without looking into other folders", () =>
    Effect.gen(function* () {
      const folder = join(base, "pruned")
      const lake = FolderObjectStore.layer(folder)
      for (const key of ["full/a.csv", "inc/date=1/a.csv", "inc/date=2/a.csv", "inc/other/a.csv"]) {
        yield* Effect.provide(write(key, Buffer.from("x")), lake)
      }
      const looked: Array<string> = []
      const look = (path: string) => {
        looked.push(relative(folder, path))
        return entriesOf(path)
      }
      yield* Effect.promise(async () => {
        for await (const _ of walk(folder, "inc/date=", "inc/date=1/z", look));
      })
      assert.deepStrictEqual(looked, ["inc", "inc/date=1", "inc/date=2"])
    }),
  )

  for (const [umask, file, inner] of [
    [undefined, 0o640, 0o750],
    [0o002, 0o664, 0o775],
    [0o077, 0o600, 0o700],
  ] as const) {
    it.live(`gives files ${file.toString(8)} and folders ${inner.toString(8)}, whatever the umask is`, () =>
      Effect.gen(function* () {
        const folder = join(base, `modes-${file}`)
        const store = yield* storeIn(join(folder, "lake"), fs, umask)
        yield* (yield* adminOf(join(folder, "lake"), umask)).prepare
        yield* store.put("inc/_watermark.txt", Buffer.from("x"))
        yield* Effect.scoped(Effect.flatMap(store.create("inc/date=1/a.csv"), ({ commit }) => commit))
        const modes = yield* Effect.promise(() =>
          Promise.all(
            [
              "",
              "lake",
              "lake/inc",
              "lake/inc/date=1",
              "lake/inc/_watermark.txt",
              "lake/inc/date=1/a.csv",
            ].map(async (path) => (await fs.stat(join(folder, path))).mode & 0o777),
          ),
        )
        assert.deepStrictEqual(modes, [inner, inner, inner, inner, file, file])
      }),
    )
  }

  it.live("leaves the mode of a folder that was there", () =>
    Effect.gen(function* () {
      const folder = join(base, "there")
      yield* Effect.promise(async () => {
        await fs.mkdir(folder)
        await fs.chmod(folder, 0o711)
      })
      yield* (yield* storeIn(folder)).put("inc/a.csv", Buffer.from("x"))
      assert.strictEqual((yield* Effect.promise(() => fs.stat(folder))).mode & 0o777, 0o711)
    }),
  )

  it.live("removes at its check what a killed process has left", () =>
    Effect.gen(function* () {
      const folder = join(base, "killed")
      const part = join(folder, "inc", "date=20251103", ".afluente-1.part")
      yield* Effect.promise(async () => {
        await fs.mkdir(dirname(part), { recursive: true })
        await fs.writeFile(part, "row")
        await fs.utimes(part, 0, 0)
      })
      yield* (yield* storeIn(folder)).check("inc")
      const isGone = Effect.promise(async () => (await hiddenOf(folder)).length === 0)
      yield* eventually("the hidden file is gone", isGone)
    }),
  )

  it.live("makes objects visible on a file system without hard links", () =>
    Effect.gen(function* () {
      const lake = FolderObjectStore.layer(join(base, "without-links"), noLinks)
      yield* Effect.provide(write("a/1.csv", Buffer.from("first")), lake)
      const second = yield* Effect.flip(Effect.provide(write("a/1.csv", Buffer.from("second")), lake))
      assert.strictEqual(second.reason, "Exists")
      assert.strictEqual(String(yield* Effect.provide(readAll("a/1.csv"), lake)), "first")
      assert.deepStrictEqual(yield* Effect.promise(() => filesIn(join(base, "without-links"))), ["1.csv"])
    }),
  )

  it.live("is the same lake for another process that opens the folder", () =>
    Effect.gen(function* () {
      const folder = join(base, "shared")
      yield* Effect.provide(write("a.csv", Buffer.from("kept")), FolderObjectStore.layer(folder))
      const found = yield* Effect.provide(readAll("a.csv"), Layer.fresh(FolderObjectStore.layer(folder)))
      assert.strictEqual(String(found), "kept")
    }),
  )
})

describe("Versions of a file in a folder", () => {
  const key = "inc/_watermark.txt"
  const text = (body: string) => Buffer.from(body)
  /** Replaced once for each body, one after the other; returns the newest version. */
  const written = Effect.fnUntraced(function* (folder: string, ...bodies: ReadonlyArray<string>) {
    const store = yield* storeIn(folder)
    let version = Option.map(yield* store.readVersion(key), (found) => found.version)
    for (const body of bodies) version = Option.some(yield* store.replace(key, text(body), version))
    return version
  })
  const visibleIn = (folder: string) => Effect.promise(() => fs.readFile(join(folder, key), "utf8"))

  it.live("stay as two hidden files, the newest of them under the visible name too", () =>
    Effect.gen(function* () {
      const folder = join(base, "two-newest")
      yield* written(folder, "one", "two", "three", "four")
      const kept = yield* Effect.promise(async () => (await fs.readdir(join(folder, "inc"))).sort())
      assert.deepStrictEqual(kept, ["._watermark.txt.3", "._watermark.txt.4", "_watermark.txt"])
      assert.strictEqual(yield* visibleIn(folder), "four")
    }),
  )

  it.live("are read with what another program put under the visible name, where that differs", () =>
    Effect.gen(function* () {
      const folder = join(base, "put-beside")
      const version = Option.getOrThrow(yield* written(folder, "one", "two"))
      const store = yield* storeIn(folder)
      const two = { body: text("two"), version, before: text("one") }
      assert.deepStrictEqual(yield* store.readVersion(key), Option.some(two))
      yield* store.put(key, text("theirs"))
      assert.deepStrictEqual(yield* store.readVersion(key), Option.some({ ...two, visible: text("theirs") }))
    }),
  )

  it.live("bring the visible name back with the next one", () =>
    Effect.gen(function* () {
      const folder = join(base, "visible-removed")
      yield* written(folder, "one")
      yield* (yield* adminOf(folder)).remove(key)
      yield* written(folder, "two")
      assert.strictEqual(yield* visibleIn(folder), "two")
    }),
  )

  // The names of versions are free again when there are two newer ones.
  for (const [when, call] of [
    ["before it creates its version", 1],
    ["before it shows its version", 2],
  ] as const) {
    it.live(`are not replaced by a process that stood still ${when} while others went on`, () =>
      Effect.gen(function* () {
        const folder = join(base, `frozen-${call}`)
        const first = yield* written(folder, "one")
        let calls = 0
        const thawed = async (existing: string, path: string) => {
          if (++calls === call) await Effect.runPromise(written(folder, "theirs", "theirs too", "newest"))
          await fs.link(existing, path)
        }
        const store = yield* storeIn(folder, { open: fs.open, link: thawed })
        const error = yield* Effect.flip(store.replace(key, text("late"), first))
        assert.strictEqual(error.reason, "Exists")
        const found = Option.getOrThrow(yield* store.readVersion(key))
        assert.deepStrictEqual(
          [String(found.body), found.visible, yield* visibleIn(folder)],
          ["newest", undefined, "newest"],
        )
        assert.strictEqual((yield* hiddenIn(folder)).length, 2)
      }),
    )
  }
})

describe("a folder that stands where a file of the lake must be", () => {
  const key = "inc/date=20251103/cdc_20251103_101530.csv"
  const body = Buffer.from("x")
  const blocked = Effect.fnUntraced(function* (...names: ReadonlyArray<string>) {
    const folder = yield* Effect.promise(() => fs.mkdtemp(join(base, "blocked-")))
    for (const name of names) yield* Effect.promise(() => fs.mkdir(join(folder, name), { recursive: true }))
    return yield* storeIn(folder)
  })
  const commit = (store: ObjectStore["Service"]) =>
    Effect.scoped(Effect.flatMap(store.create(key, "fenced"), (writer) => writer.commit))

  const uses: ReadonlyArray<
    readonly [string, string, (store: ObjectStore["Service"]) => Effect.Effect<unknown, StoreError>]
  > = [
    ["an object is committed", key, commit],
    ["an object is put", key, (store) => store.put(key, body)],
    ["a versioned file is read", key, (store) => store.readVersion(key)],
    ["a versioned file is created", key, (store) => store.replace(key, body, Option.none())],
    ["the probe of conditions is made", key, (store) => store.honoursConditions(key)],
    [
      "a hidden version is read",
      key.replace("/cdc_", "/.cdc_").concat(".7"),
      (store) => store.readVersion(key),
    ],
  ]
  for (const [when, name, use] of uses) {
    it.live(`is a permanent error that names it, when ${when}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(use(yield* blocked(name)))
        assert.deepStrictEqual([error.reason, error.isRetryable], ["InTheWay", false])
        assert.include(error.message, "20251103_101530.csv")
        assert.match(error.message, /Move it out of the lake/)
      }),
    )
  }

  it.live("holds no object for who lists", () =>
    Effect.gen(function* () {
      const store = yield* blocked(key)
      const keys = yield* Effect.provideService(keysOf(""), ObjectStore, store)
      assert.deepStrictEqual(keys, [])
    }),
  )
})

describe("Errors of a folder", () => {
  const failed = (code: string) => Object.assign(new Error(`${code}: some words, open`), { code })
  const cases = {
    ENOSPC: ["Full", "Full"],
    EDQUOT: ["Full", "Full"],
    EACCES: ["NotWritable", "NotWritable"],
    EPERM: ["NotWritable", "NotWritable"],
    EROFS: ["NotWritable", "NotWritable"],
    EEXIST: ["InTheWay", "InTheWay"],
    ENOTDIR: ["InTheWay", "NotFound"],
    EISDIR: ["InTheWay", "NotFound"],
    ENAMETOOLONG: ["NotWritable", "NotFound"],
    ENOENT: ["NotFound", "NotFound"],
    EIO: ["Unreachable", "Unreachable"],
    ESTALE: ["Unreachable", "Unreachable"],
    EMFILE: ["Broken", "Broken"],
  } as const
  for (const [code, [written, read]] of Object.entries(cases)) {
    it(`takes ${code} for ${written} when writing and ${read} when reading`, () => {
      assert.strictEqual(writeError(failed(code), "x").reason, written)
      assert.strictEqual(readError(failed(code), "x").reason, read)
    })
  }
})
