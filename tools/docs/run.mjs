/** `npm run docs`: writes every generated file anew. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { root, runBundled } from "../kit/bundled.mjs"

await runBundled("tools/docs/pages.ts", ({ pages }) =>
  Promise.all(Object.entries(pages()).map(([path, text]) => writeFile(join(root, path), text))),
)
