const { existsSync } = require("node:fs")
const { join } = require("node:path")

// npm brings a Node.js of its own; where that was left out, the one of the system has to be new enough.
const own = ["node", "node.exe"].map((name) => join(__dirname, "node_modules", "node", "bin", name))

/** For pm2: `pm2 start ecosystem.config.cjs`. For a second agent on the same machine copy it, with a name of its own. */
module.exports = {
  apps: [
    {
      name: "agentcom-sidecar",
      cwd: __dirname,
      script: join(__dirname, "dist", "main.js"),
      args: ["run", "--config", join(__dirname, "config.json")],
      interpreter: own.find(existsSync) ?? "node",
      node_args: "--max-semi-space-size=1", // it makes little garbage: a third less memory, and it stays so
      instances: 1,
      exec_mode: "fork",
      kill_timeout: 3_000, // the sidecar needs at most 1 s to stop
      treekill: false, // the woken agent works on
      shutdown_with_message: process.platform === "win32", // there are no signals there
      stop_exit_codes: [0, 73, 78], // stopped as asked, folder in use, configuration: to start it again mends nothing
      exp_backoff_restart_delay: 1_000,
      merge_logs: true
    }
  ]
}
