/** `npm run docs`: writes docs/errors.md anew. */
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { root, runBundled } from "../support/bundled.mjs"

await runBundled("test/docs/errorsPage.ts", ({ errorsPage }) =>
  writeFile(join(root, "docs", "errors.md"), errorsPage()),
)
