/**
 * Loaded into the measured program by `--require`: when it ends, it tells on descriptor 3 what it has used. On Linux the
 * peak comes from `/proc`, because the peak of `getrusage` begins with the size of the process that forked.
 */
const { readFileSync, writeSync } = require("node:fs")

const peakBytes = (fallback) => {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))[1]) * 1024
  } catch {
    return fallback
  }
}

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage()
  const used = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: peakBytes(maxRSS * 1024) }
  writeSync(3, JSON.stringify(used))
})
