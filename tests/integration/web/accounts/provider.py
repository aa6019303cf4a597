"""A small OpenID provider, run as a process of its own: `python provider.py PORT`.

It does what RFC 6749, RFC 7636 and OpenID Connect Core ask of a provider, strictly: registered return address, client
authentication, PKCE, codes that work once, RS256 tokens, published keys. On `POST /behave` it learns to do one thing
wrong.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import sys
import time
from typing import Annotated, Any
from urllib.parse import urlencode

import uvicorn
from fastapi import FastAPI, Form, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

PORT = int(sys.argv[1])
ISSUER = f"http://127.0.0.1:{PORT}"
CLIENT_ID, CLIENT_SECRET = "help-sage", "only-for-tests"

PEOPLE: dict[str, dict[str, Any]] = {
    "asha": {"sub": "u-1001", "email": "asha@student.example", "email_verified": True, "name": "Asha Patel"},
    "ben": {"sub": "u-1002", "email": "ben@student.example", "email_verified": True, "name": "Ben Okafor"},
    "mallory": {"sub": "u-6666", "email": "asha@student.example", "email_verified": False, "name": "Mallory"},
    "nomail": {"sub": "u-1003", "name": "No Mail"},
}

app = FastAPI()
keys = {"one": RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})}
present = {"key": "one"}
codes: dict[str, dict[str, Any]] = {}
tokens: dict[str, dict[str, Any]] = {}
behaviour: dict[str, Any] = {}


@app.post("/behave")
async def behave(request: Request) -> dict[str, Any]:
    """Forget earlier habits and take on these."""
    behaviour.clear()
    behaviour.update(await request.json())
    if behaviour.get("rotate"):
        name = secrets.token_hex(4)
        keys.clear()
        keys[name] = RSAKey.generate_key(2048, {"kid": name, "use": "sig"})
        present["key"] = name
    return behaviour


@app.get("/.well-known/openid-configuration")
def configuration() -> dict[str, Any]:
    return {
        "issuer": behaviour.get("configured_issuer", ISSUER),
        "authorization_endpoint": f"{ISSUER}/authorize",
        "token_endpoint": f"{ISSUER}/token",
        "userinfo_endpoint": f"{ISSUER}/userinfo",
        "jwks_uri": f"{ISSUER}/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


@app.get("/keys")
def published() -> dict[str, Any]:
    return {"keys": [key.as_dict(private=False) for key in keys.values()]}


@app.get("/authorize")
def authorize(request: Request) -> Response:
    asked = dict(request.query_params)
    wanted = {"response_type": "code", "client_id": CLIENT_ID, "code_challenge_method": "S256"}
    wrong = [name for name, value in wanted.items() if asked.get(name) != value]
    wrong += [name for name in ("state", "nonce", "code_challenge", "redirect_uri") if not asked.get(name)]
    if wrong or "openid" not in asked.get("scope", "").split():
        return HTMLResponse(f"bad request: {wrong}", 400)
    if not asked["redirect_uri"].endswith("/login/with/campus/callback"):
        return HTMLResponse("unregistered return address", 400)
    hidden = "".join(f'<input type="hidden" name="asked_{name}" value="{value}">' for name, value in asked.items())
    return HTMLResponse(f'<form method="post" action="/authorize">{hidden}<input name="user"></form>')


@app.post("/authorize")
async def authorized(request: Request) -> Response:
    form = {name: str(value) for name, value in (await request.form()).items()}
    asked = {name.removeprefix("asked_"): value for name, value in form.items() if name.startswith("asked_")}
    back = {"state": behaviour.get("state", asked["state"])}
    if form["user"] not in PEOPLE:
        back["error"] = "access_denied"
    else:
        back["code"] = secrets.token_urlsafe(16)
        codes[back["code"]] = {**asked, "user": form["user"], "at": int(time.time())}
    if "answer_issuer" in behaviour:
        back["iss"] = behaviour["answer_issuer"]
    return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back)}", status_code=303)


@app.post("/token")
def token(
    request: Request,
    grant_type: Annotated[str, Form()],
    code: Annotated[str, Form()],
    redirect_uri: Annotated[str, Form()],
    code_verifier: Annotated[str, Form()] = "",
) -> Response:
    if behaviour.get("down"):
        return Response(status_code=503)
    given = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    if request.headers.get("authorization") != f"Basic {given}":
        return JSONResponse({"error": "invalid_client"}, 401)
    known = codes.pop(code, None)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
    if known is None or grant_type != "authorization_code" or known["redirect_uri"] != redirect_uri:
        return JSONResponse({"error": "invalid_grant"}, 400)
    if challenge != known["code_challenge"]:
        return JSONResponse({"error": "invalid_grant"}, 400)
    access = secrets.token_urlsafe(16)
    tokens[access] = PEOPLE[known["user"]]
    return JSONResponse(
        {"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": _id_token(known)}
    )


def _id_token(known: dict[str, Any]) -> str:
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 300,
        "nonce": known["nonce"],
        "auth_time": now,
        **PEOPLE[known["user"]],
        **behaviour.get("claims", {}),
    }
    claims = {name: value for name, value in claims.items() if value is not None}
    if behaviour.get("only_in_userinfo"):
        claims = {name: value for name, value in claims.items() if name not in ("email", "email_verified", "name")}
    match behaviour.get("signature"):
        case "none":
            return f"{_part({'alg': 'none'})}.{_part(claims)}."
        case "shared":
            return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(CLIENT_SECRET.ljust(32, "x")))
        case "foreign":
            foreign = RSAKey.generate_key(2048, {"kid": present["key"]})
            return jwt.encode({"alg": "RS256", "kid": present["key"]}, claims, foreign)
        case "garbage":
            return "not.a.token"
    return jwt.encode({"alg": "RS256", "kid": present["key"]}, claims, keys[present["key"]])


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@app.get("/userinfo")
def userinfo(request: Request) -> Response:
    known = tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "))
    if known is None:
        return Response(status_code=401)
    return JSONResponse({**known, **behaviour.get("userinfo", {})})


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="error")
