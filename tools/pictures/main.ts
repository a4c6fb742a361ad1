/** `npm run pictures`: makes the pictures in `docs/pictures/` anew, each of a real run. */
import { spawnSync } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect } from "effect"
import { runInterruptibly, tool } from "../kit/Tool.ts"
import { fillBucket } from "./DemoLake.ts"
import { demoPicture } from "./DemoTerminal.ts"
import { startMinio } from "./Minio.ts"
import { consolePictures } from "./MinioConsole.ts"

/** The same picture in 256 colours, which suffice for text: less than half of the bytes. Throws where pngquant fails. */
const reduced = (png: Buffer): Buffer => {
  const { status, stdout, stderr, error } = spawnSync("pngquant", ["--strip", "--speed", "1", "256", "-"], {
    input: png,
    maxBuffer: 2 ** 26,
  })
  if (error !== undefined)
    throw new Error("pngquant does not start. Install it (apt-get install pngquant).", { cause: error })
  if (status !== 0) throw new Error(`pngquant ended with ${status}: ${stderr}`)
  return stdout
}

/** PNGs by file name. */
const takePictures = Effect.fn("takePictures")(function* (root: string, program: string) {
  const minio = yield* startMinio(root)
  yield* fillBucket(minio, program)
  return { ...(yield* consolePictures(minio)), ...(yield* demoPicture(program)) }
}, Effect.scoped)

export const main = tool({
  usage: "npm run pictures",
  flags: {},
  run: async (_, { root, program }) => {
    const folder = join(root, "docs", "pictures")
    await mkdir(folder, { recursive: true })
    for (const [name, png] of Object.entries(await runInterruptibly(takePictures(root, program)))) {
      const small = reduced(png)
      await writeFile(join(folder, name), small)
      console.log(`docs/pictures/${name}  ${Math.round(small.length / 1000)} kB`)
    }
    return true
  },
})
