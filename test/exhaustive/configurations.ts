import type { Config } from "./world.ts"

const plain: Config = {
  name: "plain",
  tasks: 1,
  breaks: ["closed"],
  disconnects: 1,
  crashes: 0,
  reboot: false,
  diskFaults: 0,
  answers: ["good"],
  blocks: false,
  othersTake: false,
  expires: false,
  cancels: 0,
  reclaims: 0,
  limited: 0,
  unfit: 0,
  olderHub: false,
  unspawned: false,
  progress: false,
  drain: false,
  timeout: false,
  late: false,
  prompt: true
}

export const configurations: ReadonlyArray<Config> = [
  plain,
  { ...plain, name: "slow", prompt: false, disconnects: 0 },
  { ...plain, name: "crash", crashes: 1 },
  { ...plain, name: "two", tasks: 2 },
  { ...plain, name: "two-blocks", tasks: 2, blocks: true },
  { ...plain, name: "main", tasks: 2, disconnects: 2, crashes: 1, othersTake: true }
]
