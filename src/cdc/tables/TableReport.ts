/** What a writer logs of its tables. */
import { Effect } from "effect"
import type { TableSelection } from "../../core/tables/TableSelection.ts"
import { selectionWarnings } from "../../tables/ConfiguredTables.ts"
import type { TablePlan } from "./TablePlan.ts"

/** Lines of one kind that are logged at once. */
const mostLogged = 20

/** Logs a line each, and for a thousand of them only the first and their number. `advice` says where all are listed. */
export const logSome = Effect.fnUntraced(function* <A>(
  all: ReadonlyArray<A>,
  log: (one: A) => Effect.Effect<void>,
  advice = "`node dist/main.js status` lists the tables",
) {
  for (const one of all.slice(0, mostLogged)) yield* log(one)
  const more = all.length - mostLogged
  if (more > 0) yield* Effect.logInfo(`cdc: and ${more} more of these; ${advice}`)
})

/** Logs each warning of a plan and of the tables that patterns match once. Returns all that were logged. */
export const warn = Effect.fnUntraced(function* (
  { warnings }: TablePlan,
  selection: TableSelection,
  warned: ReadonlySet<string>,
) {
  const isNew = (text: string) => !warned.has(text)
  const ofSelection = selectionWarnings(selection)
  yield* logSome(ofSelection.filter(isNew), (text) => Effect.logWarning(text))
  yield* logSome(
    [...warnings].filter((one) => isNew(one[1])),
    ([dataset, text]) => Effect.logWarning(text).pipe(Effect.annotateLogs({ dataset })),
  )
  return new Set([...warned, ...warnings.values(), ...ofSelection])
})
