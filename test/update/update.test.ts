import { afterAll, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import {
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { isAlive } from "../support/daemon.ts"
import { describeWith } from "../support/needs.ts"
import { makeScene, program, real, removeTemplate, type Scene, withDependency } from "./scene.ts"

afterAll(removeTemplate)

const versionsIn = ({ box }: Scene) =>
  readdirSync(join(box, ".versions"), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    .map(({ name }) => join(box, ".versions", name))

const oldWorks = "ran v1 with dep 1.0.0"

describeWith("git", "the update at a start", () => {
  it.live("runs what is built when nothing is new, and says so", () =>
    Effect.gen(function*() {
      const { box, git, start } = yield* makeScene
      const { code, events, output } = yield* start()
      expect(code).toBe(0)
      expect(events).toMatchObject([{ event: "up_to_date", commit: yield* git(box, "rev-parse", "HEAD") }])
      expect(output).toContain(oldWorks)
    }))

  it.live("builds a new commit beside the old one with the packages that are there, and moves the checkout", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      const old = yield* scene.git(scene.box, "rev-parse", "HEAD")
      yield* scene.shim("npm", `[ "$1" = ci ] && exit 1\n${real("npm")}`)
      const commit = yield* scene.push({ "src/main.js": program("v2") })
      const { events, output } = yield* scene.start()
      expect(events).toMatchObject([{ event: "updated", from: old, commit }])
      expect(output).toContain("ran v2 with dep 1.0.0")
      expect(yield* scene.git(scene.box, "rev-parse", "HEAD")).toBe(commit)
      expect(yield* scene.git(scene.box, "status", "--porcelain")).toBe("")
      expect(readFileSync(join(scene.box, "dist", "main.js"), "utf8")).toContain("v1")

      const again = yield* scene.start()
      expect(again.events).toMatchObject([{ event: "up_to_date", commit }])
      expect(again.output).toContain("ran v2")
    }))

  it.live("installs anew, in a folder of its own, only when the lockfile has changed", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push(withDependency(scene.dev, "2.0.0"))
      expect((yield* scene.start()).output).toContain("ran v1 with dep 2.0.0")
      expect(readFileSync(join(scene.box, "node_modules", "dep", "package.json"), "utf8")).toContain("1.0.0")

      yield* scene.push({ "src/main.js": program("v3") })
      expect((yield* scene.start()).output).toContain("ran v3 with dep 2.0.0")
      const links = versionsIn(scene).map((version) => lstatSync(join(version, "node_modules")).isSymbolicLink())
      expect(links.toSorted()).toEqual([false, true])
    }))

  it.live("installs the development packages also where NODE_ENV is production, as the build needs them", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push(withDependency(scene.dev, "2.0.0"))
      yield* scene.shim("npm", `echo "$NODE_ENV $*" >> "${scene.path}/npm.log"\n${real("npm")}`)
      yield* scene.start([], { NODE_ENV: "production" })
      expect(readFileSync(join(scene.path, "npm.log"), "utf8")).toMatch(/^ ci --include=dev/)
    }))

  it.live("builds nothing for a commit that changes only documents", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      const commit = yield* scene.push({ "docs/a.md": "text", "README.md": "text" })
      const { events, output } = yield* scene.start()
      expect(events).toMatchObject([{ event: "up_to_date", commit }])
      expect(output).toContain(oldWorks)
      expect(versionsIn(scene)).toEqual([])
      expect(yield* scene.git(scene.box, "rev-parse", "HEAD")).toBe(commit)
    }))

  it.live("keeps the newest versions and the packages they share, and removes the others", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push(withDependency(scene.dev, "2.0.0"))
      yield* scene.start()
      const [owner = ""] = versionsIn(scene)
      for (const label of ["v2", "v3", "v4"]) {
        yield* scene.push({ "src/main.js": program(label) })
        yield* scene.start()
      }
      expect(versionsIn(scene)).toHaveLength(4)
      expect(versionsIn(scene)).toContain(owner)
      expect((yield* scene.start()).output).toContain("ran v4 with dep 2.0.0")
    }))

  it.live("runs what was built by hand after an update", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push({ "src/main.js": program("v2") })
      yield* scene.start()
      rmSync(join(scene.box, ".versions", "current")) // as scripts/build.mjs does
      yield* scene.put({ "src/main.js": program("mine"), "dist/main.js": program("mine") })
      expect((yield* scene.start()).output).toContain("ran mine")
    }))

  it.live("repairs packages that somebody left half-installed", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      rmSync(join(scene.box, "node_modules"), { recursive: true })
      expect((yield* scene.start()).output).toContain(oldWorks)
    }))

  it.live("installs and builds a checkout that was only cloned", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      for (const name of ["node_modules", "dist"]) rmSync(join(scene.box, name), { recursive: true })
      expect((yield* scene.start()).output).toContain(oldWorks)
    }))
})

describeWith("git", "an update that cannot be", () => {
  const unharmed = Effect.fnUntraced(function*(scene: Scene, event: string, reason: RegExp, env = {}) {
    const head = yield* scene.git(scene.box, "rev-parse", "HEAD")
    const { code, events, output } = yield* scene.start(["exit", "75"], env)
    expect(code).toBe(75)
    expect(output).toContain(oldWorks)
    expect(events).toMatchObject([{ event, reason: expect.stringMatching(reason) }])
    expect(output.split("\n").filter(Boolean)).toHaveLength(2)
    expect(yield* scene.git(scene.box, "rev-parse", "HEAD")).toBe(head)
  })

  it.live("leaves the version that works to run when the remote cannot be reached", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      renameSync(join(scene.path, "origin.git"), join(scene.path, "gone.git"))
      yield* unharmed(scene, "update_skipped", /remote cannot be asked/)
    }))

  it.live("leaves it to run when git is not there", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      const { events, output } = yield* scene.start([], { PATH: join(scene.path, "shims") })
      expect(events).toMatchObject([{ event: "update_failed", reason: expect.stringContaining("ENOENT") }])
      expect(output).toContain(oldWorks)
    }))

  it.live("leaves it to run when the branches have diverged", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.put({ "mine.txt": "mine" })
      yield* scene.git(scene.box, "add", "mine.txt")
      yield* scene.git(scene.box, "commit", "-qm", "mine")
      yield* scene.push({ "src/main.js": program("v2") })
      yield* unharmed(scene, "update_skipped", /diverged/)
    }))

  it.live("leaves it to run when somebody works in the checkout, whose changes stay", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push({ "src/main.js": program("v2") })
      yield* scene.put({ "src/main.js": "mine" })
      yield* unharmed(scene, "update_skipped", /changes of its own: M src\/main.js/)
      expect(readFileSync(join(scene.box, "src", "main.js"), "utf8")).toBe("mine")
    }))

  it.live("leaves it to run when a file is in the way of the new commit, and keeps that file", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push({ "notes.txt": "theirs" })
      yield* scene.put({ "notes.txt": "mine" })
      yield* unharmed(scene, "update_skipped", /would be overwritten/)
      expect(readFileSync(join(scene.box, "notes.txt"), "utf8")).toBe("mine")
    }))

  it.live("leaves it to run on a commit without a branch, and on a branch that follows none", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.git(scene.box, "checkout", "-q", "--detach")
      yield* unharmed(scene, "update_skipped", /on no branch/)
      yield* scene.git(scene.box, "checkout", "-q", "-b", "own")
      yield* unharmed(scene, "update_skipped", /follows no other/)
    }))

  it.live("leaves it and its packages to run when the installation fails, and takes the next commit", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push(withDependency(scene.dev, "3.0.0"))
      yield* unharmed(scene, "update_failed", /npm ci failed/)
      expect(versionsIn(scene)).toEqual([])
      yield* scene.push(withDependency(scene.dev, "2.0.0"))
      expect((yield* scene.start()).output).toContain("ran v1 with dep 2.0.0")
    }))

  it.live("leaves it to run when the build fails half-way, and when what is built does not start", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push({ "src/main.js": `${program("v2")}\n// unbuildable` })
      yield* unharmed(scene, "update_failed", /npm run build failed: .*it cannot be built/)
      yield* scene.push({ "src/main.js": `${program("v3")}\nimport "nowhere"` })
      yield* unharmed(scene, "update_failed", /the new version failed/)
      expect(versionsIn(scene)).toEqual([])
    }))

  it.live("leaves it to run when the time is up, and nothing of the update goes on", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      const pid = join(scene.path, "build.pid")
      yield* scene.push({ "src/main.js": `${program("v2")}\n// hangs ${pid}` })
      yield* unharmed(scene, "update_failed", /npm run build was not done in time/, {
        AGENTCOM_UPDATE_TIMEOUT_MS: "10000"
      })
      expect(isAlive(Number(readFileSync(pid, "utf8")))).toBe(false)
    }))

  it.live("waits no longer than its time for another start's update", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.start()
      writeFileSync(join(scene.box, ".versions", "lock"), String(process.pid))
      yield* unharmed(scene, "update_failed", /another start/, { AGENTCOM_UPDATE_TIMEOUT_MS: "3000" })
    }))

  it.live("is not tried where the configuration says 0, the option before the environment, and that before the file", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push({ "src/main.js": program("v2") })
      const file = join(scene.path, "config.json")
      writeFileSync(file, JSON.stringify({ update_timeout_ms: 0 }))
      expect((yield* scene.start(["run", "--config", file])).output).toContain("update_timeout_ms is 0")
      const env = { AGENTCOM_UPDATE_TIMEOUT_MS: "20000" }
      const [on, zero] = ["--update-timeout-ms=20000", "--update-timeout-ms"]
      for (const off of [[zero, "0"], [`${zero}=0`], [on, zero, "0"]]) {
        const { output } = yield* scene.start(["run", "--config", file, ...off], env)
        expect(output).toContain("update_timeout_ms is 0")
      }
      expect((yield* scene.start(["run", "--config", file], env)).output).toContain("ran v2")
    }))

  it.live("is not tried in an npm installation, which says so", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      rmSync(join(scene.box, ".git"), { recursive: true })
      const { events, output } = yield* scene.start()
      expect(events).toMatchObject([{ event: "update_skipped", reason: expect.stringContaining("npm install") }])
      expect(output).toContain(oldWorks)
    }))

  it.live("leaves the version that works to run when the update's own code is broken", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.put({ "scripts/update/update.mjs": "}" })
      const { events, output } = yield* scene.start()
      expect(events).toMatchObject([{ event: "update_failed" }])
      expect(output).toContain(oldWorks)
    }))

  it.live("leaves it to run when the whole checkout has been moved", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.push({ "src/main.js": program("v2") })
      yield* scene.start()
      renameSync(scene.box, join(scene.path, "moved"))
      symlinkSync(join(scene.path, "moved"), scene.box)
      renameSync(join(scene.path, "origin.git"), join(scene.path, "gone.git"))
      expect((yield* scene.start()).output).toContain("ran v2 with dep 1.0.0")
      expect(existsSync(join(scene.path, "moved", ".versions"))).toBe(true)
    }))
})
