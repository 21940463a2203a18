"""Asks a consumer group who its members are."""

from streams.topics import admin


async def is_member(kafka: str, group: str, client: str) -> bool:
    """Tell whether the group is stable and has this client (its ``client_id``) among its members.

    Raises KafkaError where the group can't be asked.
    """
    async with admin(kafka) as asked:
        (answer,) = await asked.describe_consumer_groups([group])
    (described,) = answer.to_object()["groups"]
    return described["state"] == "Stable" and client in {member["client_id"] for member in described["members"]}
