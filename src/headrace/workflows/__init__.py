"""What the business does: ports to the world, and the steps that go through them."""
