import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { folderWith, weir, weirJson } from "./terminal.ts";

const MANIFEST = `
version: 6.0.0
type: DeclarativeSource
check: { type: CheckStream, stream_names: [orders] }
streams:
  - type: DeclarativeStream
    name: orders
    primary_key: id
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url_base: "{{ config['address'] }}"
        path: orders
        authenticator: { type: BearerAuthenticator, api_token: "{{ config['token'] }}" }
      record_selector:
        type: RecordSelector
        extractor: { type: DpathExtractor, field_path: [data] }
    schema_loader:
      type: InlineSchemaLoader
      schema: { type: object, properties: { id: { type: integer }, name: { type: string } } }
spec:
  type: Spec
  connection_specification:
    type: object
    required: [address, token]
    properties:
      address: { type: string }
      token: { type: string, airbyte_secret: true }
`;

const project = (source: string): string => `
sources:
  shop: { ${source} }
destinations:
  out: { connector: destination-jsonl, config: { folder: ./out } }
connections:
  c: { source: shop, destination: out, mode: full_refresh_overwrite }
`;

let asked = 0;
const server = createServer((_request, response) => {
  asked += 1;
  response.end('{"data":[{"id":1,"name":"a"}]}');
});
let address = "";
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

test("a manifest speaks the protocol like any connector", async () => {
  const cwd = await folderWith({ "shop.yaml": MANIFEST, "config.json": '{"address":"x","token":"y"}' });
  const spec = await weir(["connector", "shop.yaml", "spec"], { cwd });
  expect(JSON.parse(spec.stdout)).toMatchObject({
    type: "SPEC",
    spec: { connectionSpecification: { required: ["address", "token"] } },
  });
  const discovered = await weir(["connector", "shop.yaml", "discover", "--config", "config.json"], { cwd });
  expect(JSON.parse(discovered.stdout)).toMatchObject({
    type: "CATALOG",
    catalog: { streams: [{ name: "orders", source_defined_primary_key: [["id"]] }] },
  });
});

test("a manifest that is not there is a TRACE ERROR for its user", async () => {
  const { code, stdout } = await weir(["connector", "none.yaml", "spec"], { cwd: await folderWith() });
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    trace: {
      error: { message: expect.stringContaining("none.yaml") as string, failure_type: "config_error" },
    },
  });
});

test.each(["", ", trusted: true"])(
  "a sync asks no private address, and tells no secret (%s)",
  async (trusted) => {
    const config = `config: { address: "${address}", token: "\${SHOP_TOKEN}" }`;
    const files = { "shop.yaml": MANIFEST, "weir.yaml": project(`manifest: shop.yaml${trusted}, ${config}`) };
    const env = { SHOP_TOKEN: "a-token-of-the-shop" };
    const ran = await weir(["sync", "c"], { cwd: await folderWith(files), env });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toContain("127.0.0.1 is not on the public internet");
    expect(ran.stdout + ran.stderr).not.toContain(env.SHOP_TOKEN);
    expect(asked).toBe(0);
  },
  60_000,
);

test.each([
  ["connector: source-faker, manifest: shop.yaml", 'has "connector" and "manifest"'],
  ["connector: source-faker, trusted: true", 'has "connector" and "trusted"'],
  ["config: {}", 'has no "connector"'],
])("a source names what runs in one way: %s", async (source, message) => {
  const cwd = await folderWith({ "weir.yaml": project(source) });
  const { result, ...envelope } = await weirJson(["sync", "c"], { cwd });
  expect(JSON.stringify([result, envelope])).toContain(JSON.stringify(message).slice(1, -1));
});
