"""What should be registered with the system, by the settings in force; main thread of the command, or the agent's."""

from agent.domain.registration import Plan
from agent.platforms import Places
from agent.platforms.registration import plan_of_this_program
from agent.protocol.settings import Values
from agent.store.settings import SettingsStore


def plan_of(where: Places) -> Plan:
    """The plan for this installation and these settings."""
    return plan_for(SettingsStore(where.settings_file).get().values)


def plan_for(values: Values) -> Plan:
    """The same for settings at hand."""
    return plan_of_this_program(values.cache_time if values.cache_nightly else None)
