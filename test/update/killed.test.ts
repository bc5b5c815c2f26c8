import { afterAll, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { describeWith } from "../support/needs.ts"
import { makeScene, program, quickNpm, real, removeTemplate, type Scene, withDependency } from "./scene.ts"

afterAll(removeTemplate)

/** Kills the start script right after the nth program it has run; a file tells whether it came that far. */
const killAfter = Effect.fnUntraced(function*(scene: Scene, step: number) {
  const count = join(scene.path, "count")
  writeFileSync(count, "0\n")
  for (const [name, run] of [["git", real("git")], ["npm", quickNpm], ["sync", real("sync")]] as const) {
    yield* scene.shim(
      name,
      `read -r n < ${count}; n=$((n + 1)); echo $n > ${count}
[ $n -eq ${step} ] || { ${run}; }
(${run}) > /dev/null 2>&1
kill -9 $PPID`
    )
  }
})

const neverKill = Effect.fnUntraced(function*(scene: Scene) {
  yield* scene.shim("npm", quickNpm)
  for (const name of ["git", "sync"]) yield* scene.unshim(name)
})

const expectUpToDate = Effect.fnUntraced(function*(scene: Scene, commit: string, ran: string) {
  const { code, output } = yield* scene.start()
  expect(code).toBe(0)
  expect(output).toContain(ran)
  expect(yield* scene.git(scene.box, "rev-parse", "HEAD")).toBe(commit)
  expect(yield* scene.git(scene.box, "status", "--porcelain")).toBe("")
})

describeWith("git", "an update that is killed", () => {
  it.live(
    "leaves at every step a version that starts, and the next start makes the update whole",
    () =>
      Effect.gen(function*() {
        const scene = yield* makeScene
        const start = readFileSync(scene.main, "utf8")
        let before = "v1"
        for (let step = 1;; step++) {
          const label = `step${step}`
          const commit = yield* scene.push({
            "src/main.js": program(label),
            "scripts/start.mjs": `${start}\n// ${label}\n`,
            [`new/${label}`]: label
          })
          yield* killAfter(scene, step)
          const { code } = yield* scene.start()
          yield* neverKill(scene)
          if (code === 0) {
            expect(step).toBeGreaterThan(15)
            return
          }
          expect(code).toBe("SIGKILL")
          const { output } = yield* scene.start([], { AGENTCOM_UPDATE_TIMEOUT_MS: "0" })
          expect(output).toMatch(RegExp(`ran (${before}|${label}) with dep 1.0.0`))
          yield* expectUpToDate(scene, commit, `ran ${label} with dep 1.0.0`)
          before = label
        }
      })
  )

  it.live("while npm installs leaves the packages of the version that works as they are", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.shim(
        "npm",
        `mkdir -p node_modules/dep && echo half > node_modules/dep/package.json && kill -9 $PPID`
      )
      const commit = yield* scene.push(withDependency(scene.dev, "2.0.0"))
      expect((yield* scene.start()).code).toBe("SIGKILL")
      yield* neverKill(scene)
      const { output } = yield* scene.start([], { AGENTCOM_UPDATE_TIMEOUT_MS: "0" })
      expect(output).toContain("ran v1 with dep 1.0.0")
      yield* expectUpToDate(scene, commit, "ran v1 with dep 2.0.0")
    }))

  it.live("while git moves the checkout is made whole, although its files and its lock are half-way", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      const commit = yield* scene.push({ "src/main.js": program("v2"), "new.txt": "new" })
      const halfWay = `echo half > src/main.js; rm build.mjs; echo other > new.txt; : > .git/index.lock; kill -9 $PPID`
      yield* scene.shim("git", `[ "$1" = merge ] && { ${halfWay}; exit 1; }\n${real("git")}`)
      expect((yield* scene.start()).code).toBe("SIGKILL")
      yield* scene.shim("git", real("git"))
      const { output } = yield* scene.start([], { AGENTCOM_UPDATE_TIMEOUT_MS: "0" })
      expect(output).toContain("ran v2 with dep 1.0.0")
      yield* expectUpToDate(scene, commit, "ran v2 with dep 1.0.0")
      expect(existsSync(join(scene.box, ".git", "index.lock"))).toBe(false)
    }))

  it.live("after git has moved the checkout takes nothing back that somebody has changed since", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push({ "src/main.js": program("v2") })
      yield* scene.shim("git", `[ "$1" = merge ] || { ${real("git")}; }\n(${real("git")})\nkill -9 $PPID`)
      expect((yield* scene.start()).code).toBe("SIGKILL")
      yield* scene.shim("git", real("git"))
      yield* scene.put({ "src/main.js": "mine" })
      const { output } = yield* scene.start()
      expect(output).toContain("changes of its own")
      expect(output).toContain("ran v2")
      expect(readFileSync(join(scene.box, "src", "main.js"), "utf8")).toBe("mine")
    }))
})
