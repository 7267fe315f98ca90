# METADATA
# title: Suspension
# description: A suspended partner or client gets nothing on any basis (consent.md 2.3).
# schemas:
#   - input: schema.input
package saattaen.suspension

# METADATA
# description: suspended, unless the partner system is known not to be.
partner_reasons contains "suspended" if not partner_clear

# METADATA
# description: suspended, unless the client is known not to be.
client_reasons contains "suspended" if not client_clear

partner_clear if input.requester.suspended == false

client_clear if input.client.suspended == false
