import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { measure } from "./command.ts";
import { makeFifo } from "./fifo.ts";

const node = (script: string) => ({ argv: [process.execPath, "-e", script] }) as const;
const BURN = "const end = process.cpuUsage().user + 400_000; while (process.cpuUsage().user < end);";

// What is measured is read from /proc.
describe.runIf(process.platform === "linux")("measure", () => {
  it("counts the processor time of commands and of what they start", async () => {
    const child = `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(BURN)}])`;
    const both = await measure([node(BURN), node(child)], process.pid);
    expect(both.cpuSeconds).toBeGreaterThan(0.8);
  });

  it("counts the processor time of the server it is told of, apart", async () => {
    const started = performance.now();
    const idle = measure([node("setTimeout(() => {}, 600)")], process.pid);
    const end = process.cpuUsage().user + 300_000;
    while (process.cpuUsage().user < end);
    const { serverCpuSeconds, seconds } = await idle;
    expect(serverCpuSeconds).toBeGreaterThan(0.28);
    expect(seconds).toBeGreaterThan(0.6);
    expect(seconds).toBeLessThan((performance.now() - started) / 1000 + 0.1);
  });

  it("finds a peak of memory that is over long before the end", async () => {
    const script = "let held = Buffer.alloc(200e6, 1); held = undefined; gc(); setTimeout(() => {}, 200);";
    const { peakBytes } = await measure(
      [{ argv: [process.execPath, "--expose-gc", "-e", script] }],
      process.pid,
    );
    expect(peakBytes).toBeGreaterThan(200e6);
    expect(peakBytes).toBeLessThan(400e6);
  });

  it("joins commands by a FIFO and keeps the last one's output", async () => {
    const folder = mkdtempSync(join(tmpdir(), "weir-bench-test-"));
    try {
      const fifo = join(folder, "fifo");
      makeFifo(fifo);
      const { output } = await measure(
        [
          { argv: ["printf", "%s", "through"], stdout: fifo },
          { argv: ["cat"], stdin: fifo },
        ],
        process.pid,
      );
      expect(output).toBe("through");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("fails with what a failed command said", async () => {
    await expect(measure([{ argv: ["sh", "-c", "echo no >&2; exit 3"] }], process.pid)).rejects.toThrow(
      /ended with 3:\nno/,
    );
  });
});
