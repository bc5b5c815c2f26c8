import { describe } from "vitest"
import { B, connect, disconnected, Run, table } from "./support.ts"

describe("rule 14: a dead link", () => {
  table([
    {
      clause: "a dead link: what the connection told us is forgotten",
      run: () => Run.reporting().tell({ _tag: "Disconnected", half_open: true }),
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "cancel half_open"],
      state: "task-a g1 reporting wakes 1 | has Success | down | half open"
    },
    {
      clause: "what is known of the agent and owed is not",
      run: () => Run.working().denied().offline(),
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "cancel half_open"],
      state: "task-a g1 working wakes 1 | Running | down"
    },
    {
      clause: "a try that fails in between does not forget that it was dead",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }).tell(disconnected),
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "cancel half_open"],
      state: "down | half open"
    },
    {
      clause: "the hub may push to the old socket: reconnect once more 90 s later",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect),
      said: ["Identify idle"],
      timers: [
        "cancel answer",
        "cancel resend",
        "cancel assign_grace",
        "cancel lookup",
        "cancel half_open",
        "start half_open 90000"
      ],
      state: "half open"
    },
    {
      clause: "and so it is done",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect).timer("half_open"),
      said: ["Reconnect the link was dead before this one"],
      state: ""
    },
    {
      clause: "once",
      run: () =>
        Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect).timer("half_open").reconnected(),
      said: ["Identify idle"],
      timers: ["cancel answer", "cancel resend", "cancel assign_grace", "cancel lookup", "cancel half_open"],
      state: ""
    },
    {
      clause: "unless it gave us a task in between",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect).assigned(),
      said: ["InspectAgent task-a g1", "AcceptTask task-a g1"],
      timers: [
        "cancel half_open",
        "start task_check 60000",
        "cancel assign_grace",
        "cancel lookup",
        "start answer 15000"
      ],
      logged: ["task_received task-a 1 false"],
      state: "task-a g1 accepted | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "and then not",
      run: () => Run.idle().tell({ _tag: "Disconnected", half_open: true }, ...connect).assigned().timer("half_open"),
      state: "task-a g1 accepted | Inspecting evidence | ours | in flight: accept task-a"
    },
    {
      clause: "also one that we are busy for shows that it knows us",
      run: () => Run.working().tell({ _tag: "Disconnected", half_open: true }, ...connect).assigned(1, B),
      timers: ["cancel half_open"],
      logged: ["task_refused task-b busy with task-a"],
      state: "task-a g1 working wakes 1 | Running | in flight: state task-a | pending: reject task-b"
    },
    {
      clause: "also the one we hold",
      run: () => Run.working().tell({ _tag: "Disconnected", half_open: true }, ...connect).assigned(3),
      timers: ["cancel half_open", "cancel assign_grace", "cancel lookup"],
      logged: ["task_received task-a 3 true", "recovery_settled task-a ours"],
      state: "task-a g3 working wakes 1 | Running | ours | in flight: state task-a | pending: accept task-a"
    },
    {
      clause: "agent_left with our own id: reconnect",
      run: () => Run.idle().tell({ _tag: "HubLostUs" }),
      said: ["Reconnect the hub has lost us"],
      state: ""
    }
  ])
})
