// Signs actions as @nktkas/hyperliquid does: one JSON request a line in, one JSON answer a line
// out, in any order. Argument: the folder with node_modules.
//
// Request: {id, action, said, keys, testnet, nonce, vault?, expiresAfter?, multiSigUser?, inside?,
// share?, plain?}. Integers beyond 2^53 are {"$int": "digits"}. `said` is the action as a caller
// spells it. `keys` are private keys; with `multiSigUser` all of them sign and the first one submits
// `inside`; with `share`, the hash is that of what each of them signs.
//
// Answer: {id, via, action, signature, vaultAddress, expiresAfter, hash}, or {id, error}. `via` is
// "api" where the library's method of that action took the parameters and gave the action its order
// of keys, "plain" where it did not, or was not asked, and the action was signed as it is.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { resolve } = createRequire(`${process.argv[2]}/package.json`);
const load = (name) => import(pathToFileURL(resolve(name)).href);
const api = await load("@nktkas/hyperliquid/api/exchange");
const { createL1ActionHash, signL1Action, signMultiSigL1, signMultiSigUserSigned, signUserSignedAction } =
  await load("@nktkas/hyperliquid/signing");
const { TypedDataEncoder, Wallet } = await load("ethers");

const CHAIN_ID = "0x66eee";
const SYSTEM = new Set(["type", "signatureChainId", "hyperliquidChain", "time", "nonce"]);
const wallets = new Map();

const wallet = (key) => {
  if (!wallets.has(key)) wallets.set(key, new Wallet(key));
  return wallets.get(key);
};

const revive = (_, value) => (value?.$int === undefined ? value : BigInt(value.$int));
const dump = (value) =>
  JSON.stringify(value, (_, part) => (typeof part === "bigint" ? { $int: String(part) } : part));

const titled = (type) => type[0].toUpperCase() + type.slice(1);
const typesOf = (type) => api[`${titled(type)}Types`];

// The parameters of a method: no system fields, the keys the other way round.
function parameters(action) {
  const user = typesOf(action.type) !== undefined;
  const kept = Object.entries(action).filter(([key]) =>
    key !== "type" && !(user && SYSTEM.has(key)) && !(action.type === "agentSendAsset" && key === "nonce"));
  return Object.fromEntries(kept.map(([key, value]) => [key, turned(value)]).reverse());
}

function turned(value) {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).reverse().map(([key, part]) => [key, turned(part)]));
}

async function byMethod({ said: action, keys, testnet, nonce, vault, expiresAfter, multiSigUser }) {
  let posted;
  const transport = {
    isTestnet: testnet,
    request: async (_, body) => {
      posted = body;
      return { status: "ok", response: { type: "default" } };
    },
  };
  const signers = keys.map(wallet);
  const who = multiSigUser ? { signers, multiSigUser } : { wallet: signers[0] };
  const config = { transport, ...who, signatureChainId: CHAIN_ID, nonceManager: () => nonce };
  const options = { vaultAddress: vault, expiresAfter };
  const user = typesOf(action.type) !== undefined;
  const given = user ? undefined : options;
  if (action.type === "noop") await api.noop(config, { nonce }, given);
  else if (action.type === "scheduleCancel" && action.time === undefined) await api.scheduleCancel(config, given);
  else await api[action.type](config, parameters(action), given);
  return posted;
}

async function plainly({ action, keys, testnet, nonce, vault, expiresAfter, multiSigUser, inside }) {
  const types = typesOf(action.type);
  const signers = keys.map(wallet);
  const common = { action, nonce, isTestnet: testnet, vaultAddress: vault, expiresAfter };
  const extras = types ? {} : { vaultAddress: vault, expiresAfter };
  if (multiSigUser && types) {
    return signMultiSigUserSigned({ signers, multiSigUser, action, types, payloadAction: inside });
  }
  if (multiSigUser) {
    return { ...await signMultiSigL1({ signers, multiSigUser, signatureChainId: CHAIN_ID, ...common }), ...extras };
  }
  const signature = types
    ? await signUserSignedAction({ wallet: signers[0], action, types })
    : await signL1Action({ wallet: signers[0], ...common });
  return { action, signature, ...extras };
}

function typedHash(types, message) {
  const verifyingContract = "0x0000000000000000000000000000000000000000";
  const domain = { name: "HyperliquidSignTransaction", version: "1", chainId: Number(CHAIN_ID), verifyingContract };
  const [fields] = Object.values(types);
  return TypedDataEncoder.hash(domain, types, Object.fromEntries(fields.map(({ name }) => [name, message[name]])));
}

function shareTypes(types) {
  const [[name, [chain, ...rest]]] = Object.entries(types);
  const inserted = ["payloadMultiSigUser", "outerSigner"].map((field) => ({ name: field, type: "address" }));
  return { [name]: [chain, ...inserted, ...rest] };
}

function hashOf({ action, nonce, vault: vaultAddress, expiresAfter, multiSigUser, share }, posted) {
  const types = typesOf(action.type);
  const aside = types ? { nonce } : { nonce, vaultAddress, expiresAfter };
  if (share) {
    const { multiSigUser: user, outerSigner } = posted.action.payload;
    if (!types) return createL1ActionHash({ action: [user, outerSigner, posted.action.payload.action], ...aside });
    return typedHash(shareTypes(types), { ...action, payloadMultiSigUser: user, outerSigner });
  }
  if (multiSigUser) {
    const { type: _, ...untagged } = posted.action;
    return createL1ActionHash({ action: untagged, ...aside });
  }
  if (!types) return createL1ActionHash({ action: posted.action, ...aside });
  return typedHash(types, posted.action);
}

async function answer(request) {
  let posted;
  let via = "api";
  if (!request.plain && api[request.action.type] !== undefined) {
    try {
      posted = await byMethod(request);
    } catch (error) {
      if (error.name !== "ValidationError") throw error;
    }
  }
  if (posted === undefined) {
    via = "plain";
    posted = await plainly(request);
  }
  return { id: request.id, via, ...posted, hash: hashOf(request, posted) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line, revive);
  answer(request)
    .catch((error) => ({ id: request.id, error: String(error.stack ?? error) }))
    .then((result) => process.stdout.write(`${dump(result)}\n`));
}
