"""What the server answers and what clients send, the same in every run. Knows the APIs' JSON; knows no client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

MEETING_ID = "0f6ad2e2-8f0c-4f6e-9a4c-3d1f5b7c2706"
USER_ID = "user-0042"
CHANNEL_ARN = "arn:aws:ivs:eu-central-1:111122223333:channel/abcdABCDefgh"
REGION = "eu-central-1"
ACCESS_KEY, SECRET_KEY = "AKIDEXAMPLE", "not-a-secret-but-of-the-usual-length-1234"

PAGES, PER_PAGE, EVENTS, ATTENDEES = 100, 100, 500, 100
MEGABYTE = 1_000_000
_BEGIN = datetime(2026, 11, 21, 12, 0, 0, tzinfo=timezone.utc)


def body_of(content: Mapping[str, Any]) -> bytes:
    """A body as the services write theirs: no spaces."""
    return json.dumps(content, separators=(",", ":")).encode()


def meeting() -> dict[str, Any]:
    """The answer of GetMeeting."""
    media = "k.m2.ec1.app.chime.aws"
    return {
        "Meeting": {
            "MeetingId": MEETING_ID,
            "MeetingArn": f"arn:aws:chime:eu-central-1:111122223333:meeting/{MEETING_ID}",
            "ExternalMeetingId": "standup-42",
            "MediaRegion": "eu-central-1",
            "MediaPlacement": {
                "AudioHostUrl": f"e2706.{media}:3478",
                "AudioFallbackUrl": f"wss://wss.{media}:443/calls/{MEETING_ID}",
                "SignalingUrl": f"wss://signal.{media}/control/{MEETING_ID}",
                "TurnControlUrl": "https://2706.cell.us-east-1.meetings.chime.aws/v2/turn_sessions",
                "ScreenDataUrl": f"wss://bitpw.{media}:443/v2/screen/{MEETING_ID}",
                "ScreenViewingUrl": f"wss://bitpw.{media}:443/ws/connect?passcode=null&viewer_uuid=null&X={MEETING_ID}",
                "ScreenSharingUrl": f"wss://bitpw.{media}:443/v2/screen/{MEETING_ID}",
                "EventIngestionUrl": "https://data.svc.ue1.ingest.chime.aws/v1/client-events",
            },
            "TenantIds": [],
        }
    }


def attendee() -> dict[str, Any]:
    """The answer of CreateAttendee."""
    return {
        "Attendee": {
            "ExternalUserId": USER_ID,
            "AttendeeId": "c1b2a3d4-5e6f-4a1b-8c9d-0e1f2a3b4c5d",
            "JoinToken": "YzFiMmEzZDQtNWU2Zi00YTFiLThjOWQtMGUxZjJhM2I0YzVkOjE2OTk5OTk5" * 2,
            "Capabilities": {"Audio": "SendReceive", "Video": "SendReceive", "Content": "SendReceive"},
        }
    }


def channel() -> dict[str, Any]:
    """The answer of GetChannel."""
    return {
        "channel": {
            **_summary(42),
            "arn": CHANNEL_ARN,
            "ingestEndpoint": "a1b2c3d4e5f6.global-contribute.live-video.net",
            "playbackUrl": "https://a1b2c3d4e5f6.eu-central-1.playback.live-video.net/api/video/v1/x.channel.y.m3u8",
        }
    }


def _summary(number: int) -> dict[str, Any]:
    return {
        "arn": f"arn:aws:ivs:eu-central-1:111122223333:channel/ab{number:010d}",
        "name": f"channel {number}",
        "latencyMode": "LOW",
        "authorized": number % 2 == 0,
        "recordingConfigurationArn": "arn:aws:ivs:eu-central-1:111122223333:recording-configuration/mnopMNOPqrst",
        "tags": {"team": f"team-{number % 7}", "stage": "production"},
        "insecureIngest": False,
        "type": "STANDARD",
        "preset": "HIGHER_BANDWIDTH_DELIVERY",
        "playbackRestrictionPolicyArn": "",
    }


def channels(begin: int, count: int, next_token: str | None = None) -> dict[str, Any]:
    """An answer of ListChannels."""
    page: dict[str, Any] = {"channels": [_summary(number) for number in range(begin, begin + count)]}
    return page if next_token is None else {**page, "nextToken": next_token}


def megabyte_of_channels() -> dict[str, Any]:
    """An answer of ListChannels that is longer than any service sends: one megabyte."""
    return channels(0, MEGABYTE // len(body_of(_summary(0))))


def pages() -> list[dict[str, Any]]:
    """All answers of a list of 100 pages; the token of each but the last is the number of the next."""
    return [
        channels(number * PER_PAGE, PER_PAGE, str(number + 1) if number + 1 < PAGES else None)
        for number in range(PAGES)
    ]


def stream_session() -> dict[str, Any]:
    """The answer of GetStreamSession with the most events that the service keeps: every one has its time."""
    names = ("Stream Start", "Starvation Start", "Starvation End", "Session Created", "Recording Start")
    return {
        "streamSession": {
            "streamId": "st-1FQzDExample",
            "startTime": _time(0),
            "endTime": _time(EVENTS),
            "channel": channel()["channel"],
            "ingestConfiguration": {
                "audio": {"channels": 2, "codec": "mp4a.40.2", "sampleRate": 48000, "targetBitrate": 128000},
                "video": {
                    "avcLevel": "4.0",
                    "avcProfile": "High",
                    "codec": "avc1.640028",
                    "encoder": "obs-output module (libobs version 30.2.2)",
                    "targetBitrate": 6000000,
                    "targetFramerate": 60,
                    "videoHeight": 1080,
                    "videoWidth": 1920,
                },
            },
            "truncatedEvents": [
                {"name": names[number % len(names)], "type": "IVS Stream Health Change", "eventTime": _time(number)}
                for number in range(EVENTS)
            ],
        }
    }


def _time(seconds: int) -> str:
    return (_BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def external_user_ids() -> list[str]:
    """Whom the large request creates attendees for."""
    return [f"user-{number:04d}" for number in range(ATTENDEES)]
