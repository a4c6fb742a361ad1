/**
 * The comparison by DuckDB on files in a temporary folder. It is loaded when the first workbench is opened. DuckDB needs
 * files with names, so that a killed process leaves them behind: the next start deletes them (`LeftFiles.ts`).
 */
import { mkdtemp } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Context, Effect, Layer } from "effect"
import { LakeComparison, type Workbench } from "../../src/services/lake/LakeComparison.ts"
import { ObjectStore } from "../../src/services/lake/ObjectStore.ts"
import * as FolderObjectStore from "../folder/FolderObjectStore.ts"
import { ownerMark } from "../node/FileOwner.ts"
import { loadDuckDb, openEngine, removed } from "./DuckDbEngine.ts"
import { attempt } from "./DuckDbErrors.ts"
import { orderIn } from "./DuckDbOrder.ts"
import { replayIn } from "./DuckDbReplay.ts"
import { openRows } from "./rows/RowFile.ts"
import { changeLocations, tableChanges, tableRows } from "./rows/RowWriters.ts"

const open = Effect.gen(function* () {
  const duckDb = yield* loadDuckDb
  const folder = yield* Effect.acquireRelease(
    attempt("creating a temporary folder", () => mkdtemp(join(tmpdir(), `afluente-verify-${ownerMark()}-`))),
    removed,
  )
  let count = 0
  const next = (kind: string) => join(folder, `${kind}-${count++}`)
  const engine = Effect.suspend(() => openEngine(next("engine"), duckDb))
  return {
    rows: (name) => Effect.map(openRows(folder, name), tableRows),
    changes: (name) => Effect.map(openRows(folder, name), tableChanges),
    locations: (name) => Effect.map(openRows(folder, name), changeLocations),
    lake: Effect.suspend(() => {
      const path = next("lake")
      return Effect.acquireRelease(
        Effect.map(Layer.build(FolderObjectStore.layer(path)), (context) =>
          Context.get(context, ObjectStore),
        ),
        () => removed(path),
      )
    }),
    replay: (source) => Effect.flatMap(engine, (opened) => replayIn(opened, folder, source)),
    order: (locations) => Effect.flatMap(engine, (opened) => orderIn(opened, folder, locations)),
  } satisfies Workbench
})

export const layer: Layer.Layer<LakeComparison> = Layer.succeed(LakeComparison, LakeComparison.of({ open }))
