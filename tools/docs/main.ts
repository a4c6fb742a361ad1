/** `npm run docs`: writes every generated file anew. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { tool } from "../kit/Tool.ts"
import { pages } from "./pages.ts"

export const main = tool({
  usage: "npm run docs",
  flags: {},
  run: async (_, { root }) => {
    for (const [path, text] of Object.entries(pages())) await writeFile(join(root, path), text)
    return true
  },
})
