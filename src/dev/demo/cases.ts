/** A task of the demo: what the agent is told to do with it, and what has to come out. */
export interface DemoCase {
  readonly name: string
  readonly description: string
  readonly behaviour: "succeed" | "fail" | "ignore the first wake" | "work for long"
  readonly cutConnection: boolean
  readonly outcome: "completed" | "dead_letter"
  readonly wakes: number
}

const plain = { behaviour: "succeed", cutConnection: false, outcome: "completed", wakes: 1 } as const

export const demoCases: ReadonlyArray<DemoCase> = [
  { ...plain, name: "success", description: "Write a haiku about queues." },
  {
    ...plain,
    name: "connection cut",
    description: "Sort the archive.",
    behaviour: "work for long",
    cutConnection: true
  },
  { ...plain, name: "hostile text", description: "\"; touch pwned; echo \"$(touch pwned)" },
  { ...plain, name: "second wake", description: "Wake up twice.", behaviour: "ignore the first wake", wakes: 2 },
  { ...plain, name: "failure", description: "Divide by zero.", behaviour: "fail", outcome: "dead_letter" }
]

/** A file that the hostile text would make if any of it were run. */
export const canary = "pwned"
