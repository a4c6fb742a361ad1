/**
 * Writes one batch of changes: for each dataset one object, and a new one whenever its columns change.
 * Nothing of a batch is confirmed before `commit` has made all of its objects visible.
 */
import { Clock, Effect, Option, Scope, Stream } from "effect"
import { toBytes } from "./core/Bytes.ts"
import type { Change } from "./core/Change.ts"
import type { HeldLine } from "./core/HeldLine.ts"
import { fitsShape, incHeader, incRow, type Shape, shapeOf } from "./core/IncRow.ts"
import { atOrBefore, type RowPosition } from "./core/LastRow.ts"
import * as Lsn from "./core/Lsn.ts"
import { nextStamp, objectKey, type Stamp } from "./core/ObjectKey.ts"
import type { SourceTable, TableName } from "./core/SourceTable.ts"
import { decodeChange } from "./core/TestDecoding.ts"
import type { Layout } from "./core/Watermark.ts"
import { ObjectStore, type ObjectWriter } from "./services/ObjectStore.ts"
import { SourceTables } from "./services/SourceTables.ts"
import { malformed, type Transaction } from "./Transactions.ts"
