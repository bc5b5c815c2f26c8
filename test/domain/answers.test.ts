import { describe } from "vitest"
import { Run, success, table, unusable } from "./support.ts"

describe("rule 11: a bad answer", () => {
  table([
    {
      clause: "it is moved away and what lives of its agent is stopped",
      run: () => Run.working().found(unusable),
      /*GEN rule 11: a bad answer|it is moved away and what lives of its agent is stopped*/
    },
    {
      clause: "then the task fails and says why",
      run: () => Run.working().found(unusable).stopped().inspected({ process: "gone" }),
      /*GEN rule 11: a bad answer|then the task fails and says why*/
    },
    {
      clause: "though it could not be moved away",
      run: () => Run.working().found(unusable).stopped().inspected({ process: "gone", answer: unusable }),
      /*GEN rule 11: a bad answer|though it could not be moved away*/
    },
    {
      clause: "unless there is a good one by then",
      run: () => Run.working().found(unusable).stopped().inspected({ process: "gone", answer: success }),
      /*GEN rule 11: a bad answer|unless there is a good one by then*/
    },
    {
      clause: "one before the confirmation confirms",
      run: () => Run.confirming().found(unusable),
      /*GEN rule 11: a bad answer|one before the confirmation confirms*/
    },
    {
      clause: "one of an attempt that is being stopped ends the task, and nothing is stopped twice",
      run: () => Run.confirming().timer("confirmation").found(unusable),
      /*GEN rule 11: a bad answer|one of an attempt that is being stopped ends the task, and nothing is stopped twice*/
    },
    {
      clause: "one that a stopped attempt has left behind waits for the watch",
      run: () => Run.confirming().timer("confirmation").stopped().inspected({ process: "gone", answer: unusable }),
      /*GEN rule 11: a bad answer|one that a stopped attempt has left behind waits for the watch*/
    }
  ])
})
