"""Tokens between the Bot Framework and us, with Microsoft's own kit looking at the same requests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from botbuilder.schema import Activity
from botframework.connector.auth import ChannelValidation, JwtTokenValidation, SimpleCredentialProvider

from assistant.channels.vendors.teams import tokens
from assistant.channels.vendors.teams.tokens import App, Keys, KeysUnavailable, LoginUnavailable, NoToken, Untrusted
from tests.vendors.loopback import Answer
from tests.vendors.teams import APP, SECRET, TENANT, Teams

ELSEWHERE = "99999999-aaaa-bbbb-cccc-000000000009"
ONE_TENANT, MANY = App(APP, TENANT), App(APP)


@pytest.fixture
def teams() -> Iterator[Teams]:
    server = Teams()
    yield server
    server.close()


async def fetch(url: str) -> Any:
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
        answer.raise_for_status()
        return answer.json()


async def post(url: str, form: dict[str, str]) -> tuple[int, Any]:
    async with httpx.AsyncClient() as client:
        answer = await client.post(url, data=form)
        try:
            return answer.status_code, answer.json()
        except ValueError:
            return answer.status_code, None


async def accepted(teams: Teams, header: str | None, activity: dict[str, Any], app: App = MANY) -> bool:
    """Whether we take a request for the Bot Framework's."""
    try:
        await tokens.check(header, activity, app, Keys(fetch, teams.metadata_url))
    except Untrusted:
        return False
    return True


async def accepted_by_kit(teams: Teams, header: str, activity: dict[str, Any]) -> bool:
    """Whether the vendor's own code does."""
    ChannelValidation.open_id_metadata_endpoint = teams.metadata_url
    provider = SimpleCredentialProvider(APP, SECRET)
    try:
        await JwtTokenValidation.authenticate_request(Activity().deserialize(activity), header, provider)
    except Exception:
        return False
    return True


class TestTakingRequests:
    async def test_a_good_one(self, teams: Teams) -> None:
        activity = teams.message("Hello")
        header = teams.authorization()
        assert await accepted(teams, header, activity)
        assert await accepted(teams, header, activity, ONE_TENANT)
        assert await accepted_by_kit(teams, header, activity)

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "https://sts.windows.net/evil/"},
            {"iss": None},
            {"aud": ELSEWHERE},
            {"aud": None},
            {"exp": int(time.time()) - 3600},
            {"nbf": int(time.time()) + 3600},
            {"serviceurl": "https://evil.example/"},
            {"serviceurl": None},
        ],
        ids=["issuer", "no issuer", "audience", "no audience", "too old", "not yet", "service", "no service"],
    )
    async def test_a_wrong_claim(self, teams: Teams, claims: dict[str, Any]) -> None:
        activity, header = teams.message("Hello"), teams.authorization(**claims)
        assert not await accepted(teams, header, activity)
        assert not await accepted_by_kit(teams, header, activity)

    async def test_one_without_an_end(self, teams: Teams) -> None:
        """The kit takes it; the vendor's page says that it must not have expired, so there has to be an end."""
        assert not await accepted(teams, teams.authorization(exp=None), teams.message("Hello"))

    async def test_one_for_several_audiences(self, teams: Teams) -> None:
        assert not await accepted(teams, teams.authorization(aud=[APP, ELSEWHERE]), teams.message("Hello"))

    @pytest.mark.parametrize("off", [-280, 280])
    async def test_clocks_may_differ_by_five_minutes(self, teams: Teams, off: int) -> None:
        now = int(time.time())
        claims = {"exp": now + off} if off < 0 else {"nbf": now + off}
        activity, header = teams.message("Hello"), teams.authorization(**claims)
        assert await accepted(teams, header, activity)
        assert await accepted_by_kit(teams, header, activity)

    @pytest.mark.parametrize("algorithm", ["none", "HS256", "RS384", "PS256"])
    async def test_one_algorithm_only(self, teams: Teams, algorithm: str) -> None:
        assert not await accepted(teams, teams.authorization(algorithm=algorithm), teams.message("Hello"))

    async def test_a_signature_that_was_tampered_with(self, teams: Teams) -> None:
        head, body, signature = teams.authorization().split(".")
        other = teams.authorization(aud=ELSEWHERE).split(".")[1]
        assert not await accepted(teams, f"{head}.{other}.{signature}", teams.message("Hello"))
        assert not await accepted(teams, f"{head}.{body}.", teams.message("Hello"))

    @pytest.mark.parametrize(
        "header", [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer x.y.z", "bearer " + "x" * 9000]
    )
    async def test_no_token_at_all(self, teams: Teams, header: str | None) -> None:
        assert not await accepted(teams, header, teams.message("Hello"))

    async def test_another_service_address_in_the_activity(self, teams: Teams) -> None:
        activity, header = teams.message("Hello", serviceUrl="http://127.0.0.1:1/"), teams.authorization()
        assert not await accepted(teams, header, activity)
        assert not await accepted_by_kit(teams, header, activity)

    async def test_a_key_that_is_not_endorsed_for_teams(self, teams: Teams) -> None:
        teams.keys = {"key-1": ("webchat",)}
        activity, header = teams.message("Hello"), teams.authorization()
        assert not await accepted(teams, header, activity)
        assert not await accepted_by_kit(teams, header, activity)

    async def test_another_channel(self, teams: Teams) -> None:
        assert not await accepted(teams, teams.authorization(), teams.message("Hello", channelId="webchat"))

    async def test_another_tenant(self, teams: Teams) -> None:
        there = {"conversationType": "personal", "id": "a:1", "tenantId": ELSEWHERE}
        activity = teams.message("Hello", conversation=there, channelData={"tenant": {"id": ELSEWHERE}})
        assert not await accepted(teams, teams.authorization(), activity, ONE_TENANT)
        assert await accepted(teams, teams.authorization(), activity, MANY)

    async def test_two_tenants_at_once(self, teams: Teams) -> None:
        activity = teams.message("Hello", channelData={"tenant": {"id": ELSEWHERE}})
        assert not await accepted(teams, teams.authorization(), activity, ONE_TENANT)


class TestKeys:
    def fetches(self, teams: Teams) -> int:
        return sum(asked.path.endswith("/keys") for asked in teams.asked)

    async def test_are_fetched_once(self, teams: Teams) -> None:
        keys = Keys(fetch, teams.metadata_url)
        await asyncio.gather(*(keys.find("key-1") for _ in range(20)))
        assert self.fetches(teams) == 1

    async def test_an_unknown_one_fetches_them_anew_and_not_again_soon(
        self, teams: Teams, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = 1000.0
        monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
        keys = Keys(fetch, teams.metadata_url)
        await keys.find("key-1")
        teams.keys["key-2"] = ("msteams",)
        for _ in range(50):
            with pytest.raises(Untrusted):
                await keys.find("made up")
        assert self.fetches(teams) == 1
        now += tokens.UNKNOWN_KEY_PAUSE_S
        await keys.find("key-2")
        with pytest.raises(Untrusted):
            await keys.find("made up")
        assert self.fetches(teams) == 2

    async def test_those_taken_back_end_after_a_day(self, teams: Teams, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 1000.0
        monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
        keys = Keys(fetch, teams.metadata_url)
        await keys.find("key-1")
        teams.keys = {"key-2": ("msteams",)}
        await keys.find("key-1")
        now += tokens.KEYS_LAST_S
        with pytest.raises(Untrusted):
            await keys.find("key-1")

    @pytest.mark.parametrize(
        "answer", [Answer(500, {}), Answer(200, b"<html>down</html>"), Answer(200, {"no": "keys"}), Answer(200, [])]
    )
    async def test_known_ones_stay_good_while_their_service_is_away(
        self, teams: Teams, monkeypatch: pytest.MonkeyPatch, answer: Answer
    ) -> None:
        now = 1000.0
        monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
        keys = Keys(fetch, teams.metadata_url)
        await keys.find("key-1")
        teams.trouble = lambda asked: answer
        now += tokens.KEYS_LAST_S
        await keys.find("key-1")
        with pytest.raises(KeysUnavailable):
            await keys.find("key-2")
        now += tokens.KEYS_END_S
        with pytest.raises(KeysUnavailable):
            await keys.find("key-1")

    async def test_they_do_not_come_over_a_plainer_connection(self, teams: Teams) -> None:
        async def https_metadata(url: str) -> Any:
            return {"jwks_uri": f"{teams.url}/v1/.well-known/keys"} if url.startswith("https") else await fetch(url)

        with pytest.raises(KeysUnavailable):
            await Keys(https_metadata, "https://login.example/metadata").find("key-1")


class TestSpeaking:
    @pytest.mark.parametrize("tenant", ["", TENANT], ids=["many tenants", "one tenant"])
    async def test_the_right_authority_is_asked(self, teams: Teams, tenant: str) -> None:
        teams.tenant = tenant
        assert await tokens.Speaking(post, App(APP, tenant), SECRET, teams.url).token() in teams.tokens

    async def test_a_token_is_kept_until_shortly_before_its_end(
        self, teams: Teams, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        now = 1000.0
        monkeypatch.setattr(tokens.time, "monotonic", lambda: now)
        speaking = tokens.Speaking(post, MANY, SECRET, teams.url)
        first = await asyncio.gather(*(speaking.token() for _ in range(10)))
        assert len(set(first)) == len(teams.tokens) == 1
        now += 3599 - tokens.RENEWED_BEFORE_S
        assert await speaking.token() != first[0]

    async def test_one_that_was_refused_is_not_used_again(self, teams: Teams) -> None:
        speaking = tokens.Speaking(post, MANY, SECRET, teams.url)
        first = await speaking.token()
        speaking.refused()
        assert await speaking.token() != first

    async def test_a_wrong_secret_is_for_an_administrator(self, teams: Teams) -> None:
        with pytest.raises(NoToken, match="AADSTS7000215"):
            await tokens.Speaking(post, MANY, "wrong", teams.url).token()

    async def test_the_wrong_tenant_is_for_an_administrator(self, teams: Teams) -> None:
        with pytest.raises(NoToken, match="AADSTS700016"):
            await tokens.Speaking(post, App(APP, ELSEWHERE), SECRET, teams.url).token()

    @pytest.mark.parametrize(
        "answer", [Answer(503, {}), Answer(200, b"<html>"), Answer(200, {"access_token": 5}), Answer(429, {})]
    )
    async def test_a_login_service_in_trouble_is_tried_later(self, teams: Teams, answer: Answer) -> None:
        teams.trouble = lambda asked: answer
        with pytest.raises(LoginUnavailable):
            await tokens.Speaking(post, MANY, SECRET, teams.url).token()

    async def test_nobody_there(self, teams: Teams) -> None:
        teams.close()
        with pytest.raises(LoginUnavailable):
            await tokens.Speaking(post, MANY, SECRET, teams.url).token()
