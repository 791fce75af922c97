# The SDAI page as a brms model, fitted again and again: Rscript brms_refits.R RECORDS.csv CHAINS DRAWS TUNE
#
# RECORDS.csv: set, patient, value, r and w1..wK, the weights of a visit's walk steps. Prints the seconds of
# compiling and first fit, then of every update(recompile = FALSE), and the posterior mean of the last change.
suppressMessages(library(brms))
# Distributions whose package BH is empty keep Boost among the system's headers.
if (!file.exists(rstan::rstan_options("boost_lib"))) invisible(rstan::rstan_options(boost_lib = "/usr/include"))
asked <- commandArgs(trailingOnly = TRUE)
records <- read.csv(asked[1])
chains <- as.integer(asked[2]); draws <- as.integer(asked[3]); tune <- as.integer(asked[4])
steps <- grep("^w[0-9]+$", names(records), value = TRUE)
for (k in seq_along(steps)) records[[paste0("s", k)]] <- factor(k, levels = seq_along(steps))
walk <- sprintf("(1 | mm(%s, weights = cbind(%s), scale = FALSE))",
                paste0("s", seq_along(steps), collapse = ", "), paste(steps, collapse = ", "))
model <- bf(as.formula(paste("value ~ 0 + Intercept + (1 + r | patient) +", walk)))
group <- paste0("mm", paste0("s", seq_along(steps), collapse = ""))
priors <- c(
  prior(normal(35, 8), class = "b", coef = "Intercept"),
  prior(lognormal(log(13), 0.3), class = "sd", coef = "Intercept", group = "patient"),
  prior(lognormal(log(9), 0.45), class = "sd", coef = "r", group = "patient"),
  set_prior("lognormal(log(10), 0.5)", class = "sd", group = group),
  prior(lkj(4), class = "cor"),
  prior(lognormal(log(4.5), 0.35), class = "sigma")
)
began <- proc.time()[["elapsed"]]
sets <- unique(records$set)
fit <- brm(model, data = records[records$set == sets[1], ], prior = priors, chains = chains, cores = chains,
           iter = tune + draws, warmup = tune, seed = 1, refresh = 0, silent = 2, open_progress = FALSE,
           control = list(adapt_delta = 0.95))
cat("compiled", proc.time()[["elapsed"]] - began, "\n")
for (each in sets) {
  began <- proc.time()[["elapsed"]]
  again <- suppressWarnings(suppressMessages(update(
    fit, newdata = records[records$set == each, ], recompile = FALSE, chains = chains, cores = chains,
    iter = tune + draws, warmup = tune, seed = 1, refresh = 0, silent = 2, open_progress = FALSE)))
  took <- proc.time()[["elapsed"]] - began
  last <- records[records$set == each, steps][which.max(records[records$set == each, "r"]), ]
  walked <- as.matrix(ranef(again, summary = FALSE)[[group]][, , 1]) %*% as.numeric(last)
  cat("refit", took, mean(walked), sd(walked), "\n")
}
