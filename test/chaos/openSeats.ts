/** Two seats, each behind its own proxies, and what their proxies saw. */
import { join } from "node:path"
import type { Dice } from "./Dice.ts"
import { watchFolder } from "./folderWatch.ts"
import type { Lake, Settings } from "./Lake.ts"
import { Seat } from "./Seat.ts"
import { startSourceProxy } from "./sourceProxy.ts"
import { type Fault, faults, startStoreProxy } from "./storeProxy.ts"

export interface SeatsOptions {
  readonly program: string
  readonly lake: Lake
  readonly scratch: string
  readonly serverPort: number
  /** For a program that reaches PostgreSQL at this port. */
  readonly settings: (port: number) => Settings
  readonly dice: Dice
  /** Where the seats tell of a process that ended by itself. */
  readonly failures: Array<string>
}

/** Of the requests to the store, so many suffer a fault. */
const faultChance = 0.04

const openSeat = async (
  { program, lake, serverPort, settings, dice, failures }: SeatsOptions,
  name: string,
) => {
  // The seat needs the ports of the proxies, and these the seat.
  const environment: Record<string, string> = {}
  const seat = new Seat(name, program, environment, ({ code, log }) =>
    failures.push(`${name} ended by itself with ${code}\n${log}`),
  )
  const source = await startSourceProxy(seat, serverPort)
  const store =
    lake.endpoint && (await startStoreProxy(seat, lake.endpoint, dice.fork(`store ${name}`), faultChance))
  Object.assign(environment, settings(source.port), lake.settings(store && `http://127.0.0.1:${store.port}`))
  return { seat, source, store }
}

export const openSeats = async (options: SeatsOptions) => {
  const [one, two] = [await openSeat(options, "one"), await openSeat(options, "two")]
  const seats = [one.seat, two.seat] as const
  const all = [one, two]
  const watching =
    options.lake.endpoint === undefined
      ? await watchFolder(join(options.scratch, "lake"), (moment) => {
          const writer = seats.find((seat) => seat.isWriter)
          writer?.passes(moment, writer.generation)
        })
      : undefined
  const sum = (count: (each: (typeof all)[number]) => number) =>
    all.reduce((total, each) => total + count(each), 0)
  return {
    seats,
    cut: (seat: Seat) => void all.find((each) => each.seat === seat)?.source.cut(),
    starts: () => sum(({ seat }) => seat.starts),
    batches: () => sum(({ seat }) => seat.batches),
    requests: () => sum(({ store }) => store?.requests() ?? 0),
    faults: (): ReadonlyMap<Fault, number> =>
      new Map(faults.map((fault) => [fault, sum(({ store }) => store?.faults.get(fault) ?? 0)])),
    /** Asks the processes to end in good order, and closes what they spoke through. */
    close: async () => {
      for (const seat of seats) {
        const code = await seat.end(30_000)
        if (code === 0) continue
        options.failures.push(`${seat.name} was asked to stop and ended with ${code}\n${seat.log}`)
      }
      for (const { source, store } of all) {
        source.close()
        store?.close()
      }
      watching?.close()
    },
  }
}
