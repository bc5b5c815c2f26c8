import { describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { containerIsThere } from "./containers.ts"
import { ownNamespaces, withoutInotify } from "./namespaces.ts"
import { fetchOldestNode, oldestNode } from "./oldestNode.ts"

/** Something that a machine may lack, and how to get it. */
interface Need {
  readonly told: string
  readonly isThere: () => boolean
}

const runs = (...command: ReadonlyArray<string>): boolean => {
  const [program = "", ...args] = command
  return spawnSync(program, args, { stdio: "ignore" }).status === 0
}

const program = (name: string, to_get_it: string, ...args: ReadonlyArray<string>): Need => ({
  told: `${name}: ${to_get_it}`,
  isThere: () => runs(name, ...args)
})

const mayMountTmpfs = (): boolean => {
  const path = mkdtempSync(join(tmpdir(), "sidecar-test-"))
  const may = runs("mount", "-t", "tmpfs", "tmpfs", path)
  if (may) runs("umount", "--lazy", path)
  rmSync(path, { recursive: true })
  return may
}

export const chromiumNames = ["chromium", "chromium-browser", "google-chrome"]

const needs = {
  bash: program("bash", "apt-get install bash", "-c", "exit 0"),
  chromium: {
    told: "chromium: apt-get install chromium",
    isThere: () => chromiumNames.some((name) => runs(name, "--version"))
  },
  fish: program("fish", "apt-get install fish", "--version"),
  git: program("git", "apt-get install git", "--version"),
  mount: { told: "a user who may mount a file system: run the tests as root", isThere: mayMountTmpfs },
  namespaces: {
    told: "a user who may make namespaces: allow them (user.max_user_namespaces), or run the tests as root",
    isThere: () => runs(...ownNamespaces, "true")
  },
  "used-up inotify": {
    told: "a user who may make namespaces and lower their limits: allow them, or run the tests as root",
    isThere: () => runs(...withoutInotify, "true")
  },
  script: program("script", "apt-get install bsdutils", "-qec", "exit 0", "/dev/null"),
  "oldest node": {
    told: `Node.js ${oldestNode}: let npm reach its registry, on Linux and x64`,
    isThere: () => {
      try {
        return runs(fetchOldestNode(), "--version")
      } catch (error) {
        console.warn(String(error))
        return false
      }
    }
  },
  ps: program("ps", "apt-get install procps", "-o", "pid="),
  pwsh: program("pwsh", "install PowerShell", "-NoProfile", "-Command", "exit 0"),
  "process namespaces": {
    told: "a process namespace of its own: unshare of util-linux, and a system that lets this user make one",
    isThere: () => containerIsThere
  },
  "second loopback": {
    told: "the address 127.0.0.2: ifconfig lo0 alias 127.0.0.2, where the system is macOS",
    isThere: () => process.platform === "linux"
  },
  strace: program("strace", "apt-get install strace", "-V"),
  "systemd-analyze": program("systemd-analyze", "apt-get install systemd", "--version"),
  zsh: program("zsh", "apt-get install zsh", "-c", "exit 0")
} satisfies Readonly<Record<string, Need>>

export type NeedName = keyof typeof needs

const found = new Map<NeedName, boolean>()

/** Whether this machine has it; it is looked for once. */
export const isThere = (name: NeedName): boolean => {
  const known = found.get(name) ?? needs[name].isThere()
  found.set(name, known)
  return known
}

/** A title with what is missing, by which `NotTested` tells of it at the end of the run. */
export const needing = (name: NeedName, title: string): string =>
  isThere(name) ? title : `${title} (needs ${needs[name].told})`

/** `describe`, left out with the reason in its title where this machine lacks what it needs. */
export const describeWith = (name: NeedName, title: string, body: () => void) => {
  // oxlint-disable-next-line vitest/valid-describe-callback -- what is made here is called below
  const suite = describe.runIf(isThere(name))
  return suite(needing(name, title), body)
}

/** `it`, left out in the same way. */
export const itWith = (name: NeedName, title: string, body: () => void | Promise<void>) => {
  // oxlint-disable-next-line vitest/no-disabled-tests, vitest/expect-expect -- what is made here is called below
  const test = it.runIf(isThere(name))
  return test(needing(name, title), body)
}
