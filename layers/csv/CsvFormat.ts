/** CSV objects, plain or with gzip. The watermark and manifests are never compressed. */
import { Layer } from "effect"
import type { ObjectEnding } from "../../src/core/lake/ObjectEnding.ts"
import { RowFormat } from "../../src/services/lake/RowFormat.ts"
import type { Settings } from "../../src/settings/Settings.ts"
import { headerColumns } from "./CsvHeader.ts"
import { csvRows } from "./CsvRows.ts"
import { lastRow } from "./CsvTail.ts"
import { type Codec, gzip } from "./Gzip.ts"

/** New objects get this ending. Existing objects are read by their own. */
export const csvFormat = (ending: ObjectEnding, codec: Codec): RowFormat["Service"] => {
  const records: RowFormat["Service"]["records"] = (reader, key) => codec.plain(key, reader.read(key))
  return RowFormat.of({
    ending,
    scratchEnding: ".csv",
    batch: () => csvRows(codec),
    copies: { ending, open: (stored) => codec.around(ending, stored) },
    lastRow: (reader, object) => lastRow(codec, reader, object),
    columns: (reader, key, isPartitioned) => headerColumns(records(reader, key), isPartitioned),
    records,
  })
}

export const layer = (compression: Settings["Service"]["csvCompression"]): Layer.Layer<RowFormat> =>
  Layer.succeed(RowFormat, csvFormat(compression === "gzip" ? ".csv.gz" : ".csv", gzip))
