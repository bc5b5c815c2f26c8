import type { WakeEnd } from "../../src/domain/Work.ts"
import type { AgentPlan } from "./agentPlan.ts"
import type { Planned } from "./Timeline.ts"
import type { World } from "./world.ts"

/** One wake as the system sees it: the leader of its process group, what else of it lives, and what no signal reaches. */
export class Session {
  leader = true
  /** What a command that exited had started: in its group (`member`) or beyond our reach (`ghost`). */
  member = false
  ghost = false
  ran = false
  stopped_by_us = false
  stopped_in_life = 0 // of the daemon; 0 for never
  answered = false
  confirmed_at: number | null = null
  last_sign_at = 0 // by the wall clock
  signed_at = 0 // the same moment, whatever the wall clock was set to
  end: WakeEnd | null = null
  ended_at: number | null = null // nothing of it works any more
  readonly listeners = new Set<() => void>()
  readonly planned: Array<Planned> = []
  plan: AgentPlan | null = null
  readonly spawned_at: number
  readonly clock_offset: number
  readonly life: number // of the daemon that spawned it

  readonly id: number
  readonly task_id: string
  readonly wake_id: string
  readonly boot: number

  constructor(id: number, task_id: string, wake_id: string, boot: number, { clock_offset, lives, now }: World) {
    this.spawned_at = now
    this.clock_offset = clock_offset
    this.life = lives
    this.id = id
    this.task_id = task_id
    this.wake_id = wake_id
    this.boot = boot
  }

  /** Whether something lives that we can see and stop. */
  get lives(): boolean {
    return this.leader || this.member
  }

  get works(): boolean {
    return this.lives || this.ghost
  }
}
