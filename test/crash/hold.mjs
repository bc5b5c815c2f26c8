// Preloaded into a daemon that strace is to attach to before its first line of code runs: makes the thread pool, says so, and waits.
import { existsSync, writeFileSync } from "node:fs"
import { stat } from "node:fs/promises"
import { setTimeout as wait } from "node:timers/promises"

await stat(".")
writeFileSync(`${process.env.CRASHTEST_GO}.held`, "")
while (!existsSync(process.env.CRASHTEST_GO)) await wait(5)
