import type { Config } from "./world.ts"

const plain: Config = {
  name: "plain",
  tasks: 1,
  breaks: ["closed"],
  disconnects: 1,
  crashes: 0,
  reboot: false,
  loses: false,
  diskFaults: 0,
  blindLooks: 0,
  answers: ["good"],
  blocks: false,
  othersTake: false,
  othersReturn: false,
  expires: false,
  cancels: 0,
  reclaims: 0,
  limited: 0,
  unfit: 0,
  oversized: false,
  olderHub: [],
  unspawned: false,
  vanishes: 0,
  progress: false,
  drain: false,
  timeout: false,
  strays: 0,
  late: false,
  prompt: true
}

/** One task and no more than one break: everything that happens may be handled at any later moment. */
const slow: Config = { ...plain, prompt: false }

/** Two tasks: what our own machine tells is handled at once. */
const pair: Config = { ...plain, tasks: 2, othersTake: true }

export const configurations: ReadonlyArray<Config> = [
  { ...pair, name: "two tasks, a disconnect, a crash", crashes: 1 },
  { ...pair, name: "two tasks, two disconnects", disconnects: 2 },
  { ...slow, name: "slow mailbox, a disconnect" },
  { ...slow, name: "slow mailbox, a crash", disconnects: 0, crashes: 1 },
  { ...pair, name: "bad answers", answers: ["good", "bad", "unusable", "half"], crashes: 0 },
  { ...plain, name: "a command that fails behind exec", answers: ["good", "bad", "ended"], reclaims: 1 },
  { ...plain, name: "bad answers and a crash", answers: ["good", "bad", "unusable", "half"], crashes: 1 },
  {
    ...plain,
    name: "another agent that gives up",
    answers: ["good", "bad", "unusable", "half"],
    othersTake: true,
    othersReturn: true
  },
  { ...pair, name: "a command that blocks", blocks: true },
  { ...plain, name: "a command that blocks and a crash", blocks: true, crashes: 1 },
  { ...pair, name: "half-open links", breaks: ["half_open"] },
  { ...pair, name: "a hub that restarts", breaks: ["hub_restart"] },
  { ...pair, name: "silent reclaims", reclaims: 1 },
  { ...pair, name: "cancelled and expired tasks", cancels: 1, expires: true },
  { ...plain, name: "a cancelled task and a crash", cancels: 1, crashes: 1 },
  { ...plain, name: "limited and unfit frames", limited: 1, unfit: 1, cancels: 1 },
  { ...plain, name: "an older hub", olderHub: ["state"], crashes: 1, breaks: ["closed", "hub_restart"] },
  { ...plain, name: "a hub that knows no questions", olderHub: ["state", "recovery"], crashes: 1 },
  { ...plain, name: "a task that is too large, and a crash", oversized: true, crashes: 1 },
  { ...plain, name: "messages out of turn", strays: 1 },
  { ...plain, name: "wakes that are impossible", unspawned: true, crashes: 1 },
  { ...pair, name: "a program that vanishes", vanishes: 1, disconnects: 0 },
  { ...plain, name: "a program that vanishes, and a crash", vanishes: 1, crashes: 1 },
  { ...plain, name: "progress", progress: true },
  { ...plain, name: "draining", drain: true, reclaims: 1 },
  { ...pair, name: "draining with two tasks", drain: true, disconnects: 0 },
  { ...plain, name: "a task that takes too long", timeout: true, crashes: 1 },
  { ...plain, name: "late agents", late: true, crashes: 1 },
  { ...plain, name: "a machine that restarts", crashes: 1, reboot: true },
  { ...plain, name: "a state that is lost", answers: ["good", "bad", "half"], crashes: 1, loses: true },
  { ...plain, name: "a state that is lost, and late agents", late: true, crashes: 1, loses: true },
  { ...pair, name: "a state that is lost, with two tasks", disconnects: 0, crashes: 1, loses: true },
  { ...pair, name: "a full disk", diskFaults: 1, disconnects: 0 },
  { ...plain, name: "a full disk and a crash", diskFaults: 1, crashes: 1 },
  { ...pair, name: "agents that cannot be looked at", blindLooks: 1, disconnects: 0 },
  { ...plain, name: "agents that cannot be looked at, and a crash", blindLooks: 1, crashes: 1 },
  {
    ...plain,
    name: "agents that cannot be looked at, and bad answers",
    blindLooks: 1,
    answers: ["good", "bad", "unusable", "half"],
    timeout: true,
    blocks: true
  }
]
