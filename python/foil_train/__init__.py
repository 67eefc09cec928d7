"""Training stages of Foil: supervised fine-tuning, the discriminator, and export to the form that is served."""

__version__ = "0.1.0"
